// The page of limits: rules of one name are one row, and the heaviest keys come first.
#include "app/admin/limits_page.h"

#include <gtest/gtest.h>

#include "contracts/fleet.h"
#include "filters/limit/rule.h"
#include "filters/limit/terms.h"

namespace weir {
namespace {

class LimitsPage : public testing::Test {
 protected:
  std::shared_ptr<limit::RuleState> rule(const std::string& key, const std::string& name, std::uint64_t count) {
    limit::RuleOptions options;
    options.name = name;
    options.rate = Rate{.count = count};
    return use(key, options);
  }
  /// As a filter has it: the state, and the terms.
  std::shared_ptr<limit::RuleState> use(const std::string& key, const limit::RuleOptions& options,
                                        const limit::LimitOptions& around = {}) {
    const auto state =
        states.find_or_make<limit::RuleState>(key, [&] { return std::make_shared<limit::RuleState>(options, 2, key); });
    add_terms(options, state, around);
    return state;
  }
  void add_terms(const limit::RuleOptions& options, const std::shared_ptr<limit::RuleState>& state,
                 const limit::LimitOptions& around = {}, unsigned cores = 2, const FleetSettings* fleet = nullptr) {
    terms.push_back(states.find_or_make<limit::RuleTerms>(
        "terms " + std::to_string(terms.size()), [&] { return make_terms(options, state, around, cores, fleet); }));
  }
  /// What is said of the one rule there is.
  std::string text_of(const limit::RuleOptions& options, const limit::LimitOptions& around = {}) {
    terms.clear();
    const auto state = use("one", options, around);
    const std::string text = limits_text(limit_totals(states));
    return text.substr(text.find('\n') + 1);
  }
  SharedStates states;
  limit::KeptTerms terms;
};

TEST_F(LimitsPage, adds_up_cores_and_routes_of_one_rule) {
  const auto one = rule("a", "guesses", 5);
  const auto other = rule("b", "guesses", 5);
  const auto changed = rule("c", "guesses", 6);
  one->core(0).admitted.add(3);
  one->core(1).admitted.add(4);
  other->core(1).refused.add(2);
  changed->core(0).would_refuse.add(1);
  one->core(0).heavy.count(1, [] { return std::string("192.0.2.7"); });
  for (int refusal = 0; refusal < 5; ++refusal) {
    one->core(1).heavy.count(2, [] { return std::string("192.0.2.8"); });
    other->core(0).heavy.count(2, [] { return std::string("192.0.2.8"); });
  }
  const auto totals = limit_totals(states);
  EXPECT_EQ(limits_text(totals),
            "guesses (5/s): 7 admitted, 2 refused, 0 delayed, 0 would be refused\n"
            "  at most, of a key: 5/s in the mean, 11 in the worst second, 56 in the worst ten (shared; for each of 2 "
            "rules that are called so)\n"
            "          10  192.0.2.8\n"
            "           1  192.0.2.7\n"
            "guesses (6/s): 0 admitted, 0 refused, 0 delayed, 1 would be refused\n"
            "  at most, of a key: 6/s in the mean, 13 in the worst second, 67 in the worst ten (shared)\n");
  EXPECT_TRUE(
      limits_json(totals).starts_with("{\"rules\":[{\"name\":\"guesses\",\"allows\":\"5/s\",\"scope\":\"shared\","
                                      "\"rules_of_that_name\":2,"
                                      "\"bound\":{\"mean_per_second\":5,\"worst_second\":11,\"worst_ten_seconds\":56},"
                                      "\"admitted\":7,\"refused\":2,\"delayed\":0,"
                                      "\"would_refuse\":0,\"refused_most\":[{\"key\":\"192.0.2.8\",\"count\":10}"))
      << limits_json(totals);
  Exposition page;
  add_limits(page, totals);
  EXPECT_TRUE(
      page.take().contains("weir_limit_decisions_total{rule=\"guesses\",allows=\"5/s\",verdict=\"admitted\"} 7\n"));
}

// Of a quota: when its period ends, and who has least left of it.
TEST_F(LimitsPage, shows_what_is_left_of_quotas) {
  limit::RuleOptions options;
  options.name = "monthly";
  options.quota = limit::Quota{.count = 10, .unit = limit::PeriodUnit::month};
  options.calendar = std::make_shared<limit::Calendar>(limit::TimeZone(), limit::PeriodUnit::month);
  const auto state = use("a", options);
  const WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 2 / 10}};
  std::uint64_t before = 0;
  (void)state->ledger(0).spend(1, Time{now.time_since_epoch()}, 3, before);
  (void)state->ledger(1).spend(2, Time{now.time_since_epoch()}, 10, before);
  state->core(0).spenders->count(1, [] { return std::string("ann"); });
  state->core(1).spenders->count(2, [] { return std::string("bob"); });
  const auto totals = limit_totals(states, now);
  EXPECT_EQ(
      limits_text(totals),
      "monthly (10/month): 0 admitted, 0 refused, 0 delayed, 0 would be refused\n"
      "  at most, of a key: 3.8e-06/s in the mean, 22 in the worst second, 22 in the worst ten (shared)\n"
      "  11 in a period, and twice that around its end; each machine gives it out; nothing of it is kept, so that "
      "it begins anew with the process\n"
      "  period ends 2026-03-01T00:00:00Z; left:\n"
      "           0  bob\n"
      "           7  ann\n");
  EXPECT_TRUE(limits_json(totals).contains(
      "\"quota\":{\"period_ends\":\"2026-03-01T00:00:00Z\",\"least_left\":[{\"key\":\"bob\",\"left\":0}"))
      << limits_json(totals);
  EXPECT_FALSE(limit_totals(states).front().quota);
}

TEST_F(LimitsPage, a_rule_that_nobody_has_any_more_is_gone) {
  (void)rule("a", "guesses", 5);
  terms.clear();
  EXPECT_EQ(limits_text(limit_totals(states)), "no limits\n");
}

// A small limit of a fleet: its bound is that of one bucket, and it tells by whom it was decided.
TEST_F(LimitsPage, shows_by_whom_small_limits_were_decided) {
  limit::RuleOptions options;
  options.name = "guesses";
  options.rate = Rate{.count = 5};
  options.scope = limit::Scope::fleet;
  const FleetSettings fleet{.name = "edge",
                            .self = "a",
                            .members = {{.name = "a", .address = {}}, {.name = "b", .address = {}}},
                            .keys = {"0123456789abcdef0123456789abcdef"}};
  const auto state = states.find_or_make<limit::RuleState>("a", [&] {
    return std::make_shared<limit::RuleState>(options, 1, "a", limit::TableCount::Drawn{}, &fleet,
                                              std::make_shared<limit::fleet::Desk>());
  });
  add_terms(options, state, {}, 1, &fleet);
  state->owned_part()->count_here(0);
  state->owned_part()->count(0, limit::fleet::OwnedSource::asked);
  state->owned_part()->count(0, limit::fleet::OwnedSource::lost);
  const auto totals = limit_totals(states);
  EXPECT_EQ(
      limits_text(totals),
      "guesses (5/s): 0 admitted, 0 refused, 0 delayed, 0 would be refused\n"
      "  at most, of a key: 5/s in the mean, 6.05 in the worst second, 51 in the worst ten (fleet, while the key's "
      "owner "
      "answers)\n"
      "  while nobody answers, all together: 5/s in the mean, 7 in the worst second, 52 in the worst ten\n"
      "  by the owners of its keys: 1 here, 1 by others that were asked, 0 refused lately; by this machine's share: "
      "0 late, 1 lost; 0 decided for others\n");
  EXPECT_TRUE(limits_json(totals).contains("\"owners\":{\"here\":1,\"for_others\":0,\"asked\":1,"));
  Exposition page;
  add_limits(page, totals);
  EXPECT_TRUE(page.take().contains("weir_fleet_owned_total{decided=\"lost\"} 1\n"));
}

// Every kind of rule says what follows from its numbers, and under what that holds.
TEST_F(LimitsPage, says_what_each_kind_lets_through_and_under_what) {
  limit::RuleOptions rate;
  rate.rate = Rate{.count = 5};
  rate.scope = limit::Scope::local;
  EXPECT_EQ(text_of(rate),
            "  at most, of a key: 5/s in the mean, 10 in the worst second, 55 in the worst ten (local)\n");
  rate.scope = limit::Scope::shared;
  rate.cost.response_header = "x-cost";
  limit::LimitOptions around;
  around.bypass.emplace_back();
  EXPECT_EQ(text_of(rate, around),
            "  at most, of a key: 5/s in the mean, 16 in the worst second, 61 in the worst ten (shared; what an answer "
            "costs beyond its debt is forgiven, on top; beside `bypass`)\n");
  limit::RuleOptions open;
  open.in_flight = 20;
  EXPECT_EQ(text_of(open),
            "  at most, of a key: 21 at once; how many pass in a second follows from how long they take (shared)\n");
  limit::RuleOptions pace;
  pace.bandwidth = limit::BandwidthOptions{.rate = {.per_second = 100'000}, .burst = 30'000};
  EXPECT_EQ(
      text_of(pace),
      "  at most, of a key: 100000 bytes/s in the mean, 132000 in the worst second, 1032000 in the worst ten, and "
      "2000 for each stream whose turn came before its bytes (shared)\n");
}

TEST_F(LimitsPage, says_under_what_a_large_limit_of_a_fleet_holds) {
  limit::RuleOptions rule;
  rule.rate = Rate{.count = 1000};
  rule.scope = limit::Scope::fleet;
  const FleetSettings fleet{
      .name = "edge", .self = "a", .members = {{.name = "a", .address = {}}}, .keys = {"0123456789abcdef"}};
  const auto state = states.find_or_make<limit::RuleState>(
      "a", [&] { return std::make_shared<limit::RuleState>(rule, 1, "a", limit::TableCount::Drawn{}, &fleet); });
  add_terms(rule, state, {}, 1, &fleet);
  EXPECT_EQ(limits_text(limit_totals(states)),
            "1000/s (1000/s): 0 admitted, 0 refused, 0 delayed, 0 would be refused\n"
            "  at most, of a key: 1000/s in the mean, 1219 in the worst second, 10219 in the worst ten (fleet; traffic "
            "grows at most tenfold, from 0.8 of it; more hot keys than there are places are held by each machine "
            "alone)\n"
            "  while nobody answers, all together: 1100/s in the mean, 1341 in the worst second, 11241 in the worst "
            "ten\n");
}

TEST_F(LimitsPage, says_that_a_dry_run_has_no_bound) {
  limit::RuleOptions dry;
  dry.rate = Rate{.count = 5};
  dry.dry_run = true;
  EXPECT_EQ(text_of(dry), "  a dry run: nothing is refused, there is no bound\n");
  EXPECT_TRUE(limits_json(limit_totals(states)).contains("\"dry_run\":\"everywhere\",\"admitted\":0"));
  const auto state = use("one", dry);
  dry.dry_run = false;
  add_terms(dry, state);
  EXPECT_TRUE(limits_text(limit_totals(states)).contains("(shared; not where it is a dry run)\n"));
}

TEST_F(LimitsPage, says_what_a_rule_of_redis_lets_through_without_it) {
  limit::RuleOptions rule;
  rule.rate = Rate{.count = 5};
  rule.scope = limit::Scope::redis;
  limit::LimitOptions around;
  around.redis.lease = 3;
  const std::string answers =
      "  at most, of a key: 5/s in the mean, 10 in the worst second, 55 in the worst ten (redis, while it answers)\n"
      "  leases add 3 for each core of each gateway that leases: 6 for this one\n";
  EXPECT_EQ(text_of(rule, around), answers +
                                       "  while Redis does not answer (on_error: local): on top, of each gateway: 5/s "
                                       "in the mean, 11 in the worst second, 56 in the worst ten\n");
  EXPECT_TRUE(limits_json(limit_totals(states))
                  .contains("\"while_redis_is_away\":[{\"on_error\":\"local\",\"leases\":6,\"bound_of_this_gateway\":"
                            "{\"mean_per_second\":5,\"worst_second\":11,\"worst_ten_seconds\":56}}]"))
      << limits_json(limit_totals(states));
  around.redis.on_error = limit::OnError::open;
  EXPECT_EQ(text_of(rule, around),
            answers + "  while Redis does not answer (on_error: open): all pass, there is no bound\n");
  EXPECT_TRUE(limits_json(limit_totals(states)).contains("\"bound_of_this_gateway\":null"));
  around.redis.on_error = limit::OnError::closed;
  EXPECT_EQ(text_of(rule, around), answers + "  while Redis does not answer (on_error: closed): nothing passes\n");
}

// What is in flight is counted on when a reload changes its number: what is shown is the number that holds.
TEST_F(LimitsPage, shows_the_number_in_flight_that_holds) {
  limit::RuleOptions open;
  open.name = "open";
  open.in_flight = 20;
  const auto state = use("one", open);
  terms.clear();
  open.in_flight = 10;
  add_terms(open, state);
  EXPECT_TRUE(limits_text(limit_totals(states)).starts_with("open (10 in flight): "));
}

TEST_F(LimitsPage, a_fleet_is_shown_by_what_holds) {
  const FleetTotals fleet{.members = 4, .members_heard = 3, .hot_keys = 7, .slots_whole = 2, .slots_share = 1};
  EXPECT_EQ(
      limits_text({}, fleet),
      "no limits\nfleet of 4: 3 heard; of three parts of the keys 2 by the whole limit, 0 by the last ratio, 1 by "
      "this machine's share; 7 hot keys, 0 messages sent, 0 received, 0 refused\n");
  EXPECT_TRUE(limits_json({}, fleet).contains("\"fleet\":{\"members\":4,\"members_heard\":3,\"whole\":2,"));
  Exposition page;
  add_fleet(page, fleet);
  EXPECT_TRUE(page.take().contains("weir_fleet_slots{holds=\"share\"} 1\n"));
}

}  // namespace
}  // namespace weir
