// The page of limits: rules of one name are one row, and the heaviest keys come first.
#include "app/admin/limits_page.h"

#include <gtest/gtest.h>

#include "contracts/fleet.h"
#include "filters/limit/rule.h"

namespace weir {
namespace {

class LimitsPage : public testing::Test {
 protected:
  std::shared_ptr<limit::RuleState> rule(const std::string& key, const std::string& name, std::uint64_t count) {
    limit::RuleOptions options;
    options.name = name;
    options.rate = Rate{.count = count};
    return states.find_or_make<limit::RuleState>(key,
                                                 [&] { return std::make_shared<limit::RuleState>(options, 2, key); });
  }
  SharedStates states;
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
            "  at most, of a key: 5/s in the mean, 11 in the worst second, 56 in the worst ten (shared)\n"
            "          10  192.0.2.8\n"
            "           1  192.0.2.7\n"
            "guesses (6/s): 0 admitted, 0 refused, 0 delayed, 1 would be refused\n"
            "  at most, of a key: 6/s in the mean, 13 in the worst second, 67 in the worst ten (shared)\n");
  EXPECT_TRUE(
      limits_json(totals).starts_with("{\"rules\":[{\"name\":\"guesses\",\"allows\":\"5/s\",\"scope\":\"shared\","
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
  const auto state =
      states.find_or_make<limit::RuleState>("a", [&] { return std::make_shared<limit::RuleState>(options, 2, "a"); });
  const WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 2 / 10}};
  std::uint64_t before = 0;
  (void)state->ledger(0).spend(1, Time{now.time_since_epoch()}, 3, before);
  (void)state->ledger(1).spend(2, Time{now.time_since_epoch()}, 10, before);
  state->core(0).spenders->count(1, [] { return std::string("ann"); });
  state->core(1).spenders->count(2, [] { return std::string("bob"); });
  const auto totals = limit_totals(states, now);
  EXPECT_EQ(limits_text(totals),
            "monthly (10/month): 0 admitted, 0 refused, 0 delayed, 0 would be refused\n"
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
  state->owned_part()->count_here(0);
  state->owned_part()->count(0, limit::fleet::OwnedSource::asked);
  state->owned_part()->count(0, limit::fleet::OwnedSource::lost);
  const auto totals = limit_totals(states);
  EXPECT_EQ(
      limits_text(totals),
      "guesses (5/s): 0 admitted, 0 refused, 0 delayed, 0 would be refused\n"
      "  at most, of a key: 5/s in the mean, 6.05 in the worst second, 51 in the worst ten (fleet)\n"
      "  while nobody answers, all together: 5/s in the mean, 7 in the worst second, 52 in the worst ten\n"
      "  by the owners of its keys: 1 here, 1 by others that were asked, 0 refused lately; by this machine's share: "
      "0 late, 1 lost; 0 decided for others\n");
  EXPECT_TRUE(limits_json(totals).contains("\"owners\":{\"here\":1,\"for_others\":0,\"asked\":1,"));
  Exposition page;
  add_limits(page, totals);
  EXPECT_TRUE(page.take().contains("weir_fleet_owned_total{decided=\"lost\"} 1\n"));
}

// A bound that holds under conditions says which.
TEST_F(LimitsPage, says_under_what_a_bound_holds) {
  std::vector<LimitTotals> totals(3);
  totals[0].scope = "fleet";
  totals[1].scope = "redis";
  totals[2].scope = "local";
  for (LimitTotals& rule : totals) rule.bound = limit::Bound{.mean_per_second = 1};
  const std::string text = limits_text(totals);
  EXPECT_TRUE(text.contains("worst ten (fleet; traffic grows at most tenfold, from 0.8 of it)\n")) << text;
  EXPECT_TRUE(
      text.contains("worst ten (redis, while it answers; with `lease`, one more for each core of each gateway)"));
  EXPECT_TRUE(text.contains("worst ten (local)\n"));
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
