// What outlives a request: facts that give the same verdict again, counters over a reload, shares of cores, tables.
#include "filters/limit/limit.h"

#include <gtest/gtest.h>

#include "filters/limit/testing/limit_test.h"

namespace weir::limit {
namespace {

using std::chrono::milliseconds;

// ---- replay, reload, cores ----

TEST_F(LimitTest, recorded_facts_give_the_same_verdict_again) {
  for (const std::string_view algorithm : {"token_bucket", "gcra", "fixed_window", "sliding_window", "sliding_log"}) {
    const bool is_log = algorithm == "sliding_log";
    const auto filter = build("{ rate: 5/s, algorithm: " + std::string(algorithm) + (is_log ? ", scope: local" : "") +
                              ", cost: { header: x-cost } }");
    const Rule& rule = *dynamic_cast<const Limit&>(*filter).rules().front();
    Random random(7);
    auto settings = std::make_shared<Snapshot>();
    for (int request = 0; request < 500; ++request) {
      TestExchange test(shard, settings);
      test.client("192.0.2.7").field("x-cost", std::to_string(1 + random.below(7)));
      const bool passed = shard.run_to_end(filter->handle(test.exchange, TestExchange::next(service))).has_value();
      const auto facts = facts_from<LimitFacts>(test.last_record()->facts);
      ASSERT_TRUE(facts);
      ASSERT_EQ(rule.decide_again(*facts), passed) << algorithm << ' ' << request;
      shard.world().run_for(milliseconds{static_cast<std::int64_t>(random.below(300))});
    }
  }
}

TEST_F(LimitTest, a_reload_keeps_what_unchanged_rules_have_counted) {
  auto old = build("{ name: a, rate: 5/m }");
  EXPECT_EQ(admitted(*old, 3), 3U);
  const auto same = build("{ name: a, rate: 5/m, fields: both }");
  old.reset();
  EXPECT_EQ(admitted(*same, 5), 2U) << "what clients are told is no part of the rule";
  const auto changed = build("{ name: a, rate: 6/m }");
  EXPECT_EQ(admitted(*changed, 10), 6U) << "another budget begins anew";
  const auto unnamed = build("5/m");
  EXPECT_EQ(admitted(*unnamed, 10), 5U);
  EXPECT_EQ(admitted(*build("5/m"), 10), 0U) << "found by its place in the configuration";
}

// What requests may wait for, and what answers may leave a key owing, are part of the budget: a reload that changes
// them is heard.
TEST_F(LimitTest, a_reload_that_changes_a_delay_or_a_debt_is_heard) {
  auto old = build("{ name: even, rate: 10/s, algorithm: gcra }");
  EXPECT_EQ(admitted(*old, 2), 1U);
  const auto patient = build("{ name: even, rate: 10/s, algorithm: gcra, delay: 10s }");
  EXPECT_EQ(admitted(*patient, 5), 5U) << "they wait for their turns";
  service.fields = {{"x-tokens", "1000"}};
  const std::string settled = "{ name: paid, rate: 10/h, cost: { response_header: x-tokens, debt: ";
  old = build(settled + "20 } }");
  EXPECT_EQ(ask(*old).status, 200);
  EXPECT_EQ(ask(*old).retry_after, "7560") << "21 hours' tenths";
  const auto milder = build(settled + "5 } }");
  EXPECT_EQ(ask(*milder).status, 200);
  EXPECT_EQ(ask(*milder).retry_after, "2160") << "5 below nothing, and 1 for itself";
}

// Of a fleet: this machine's bucket, and the table of hot keys that the exchange keeps. Another key of the fleet is
// another fleet.
TEST_F(LimitTest, a_reload_keeps_what_a_rule_of_the_fleet_has_counted) {
  FleetSettings settings{.name = "edge", .self = "a", .members = {{.name = "a", .address = {}}}, .keys = {"one key"}};
  fleet = &settings;
  auto old = build("{ name: a, rate: 5/m, burst: 5, scope: fleet, owner: never }");
  EXPECT_EQ(admitted(*old, 3), 3U);
  const auto part = dynamic_cast<const Limit&>(*old).rules()[0]->state().fleet_part();
  const auto same = build("{ name: a, rate: 5/m, burst: 5, scope: fleet, owner: never, fields: both }");
  old.reset();
  EXPECT_EQ(dynamic_cast<const Limit&>(*same).rules()[0]->state().fleet_part(), part);
  EXPECT_EQ(admitted(*same, 9), 2U);
  settings.keys.insert(settings.keys.begin(), "the next key");
  EXPECT_EQ(admitted(*build("{ name: a, rate: 5/m, burst: 5, scope: fleet, owner: never }"), 9), 5U);
}

TEST_F(LimitTest, a_reload_keeps_what_every_algorithm_has_counted) {
  for (const std::string algorithm : {"token_bucket", "gcra", "fixed_window", "sliding_window", "sliding_log"}) {
    const std::string burst = algorithm == "gcra" ? ", burst: 5" : "";
    const std::string local = algorithm == "sliding_log" ? ", scope: local" : "";
    const std::string options = "{ name: a, rate: 5/d, algorithm: " + algorithm + burst + local;
    auto old = build(options + " }");
    EXPECT_EQ(admitted(*old, 3), 3U) << algorithm;
    const auto same = build(options + ", fields: both }");
    old.reset();
    EXPECT_EQ(admitted(*same, 9), 2U) << algorithm;
  }
}

TEST_F(LimitTest, a_reload_keeps_what_is_in_flight) {
  auto old = build("{ name: open, in_flight: 2 }");
  TestExchange open(shard);
  ASSERT_TRUE(shard.run_to_end(old->handle(open.exchange, TestExchange::next(service))));
  const auto same = build("{ name: open, in_flight: 2, fields: none }");
  old.reset();
  TestExchange second(shard);
  TestExchange third(shard);
  EXPECT_TRUE(shard.run_to_end(same->handle(second.exchange, TestExchange::next(service))));
  EXPECT_FALSE(shard.run_to_end(same->handle(third.exchange, TestExchange::next(service))));
}

TEST_F(LimitTest, a_local_rule_gives_each_core_its_share) {
  const auto filter = build("{ rate: 8/s, scope: local }", 4);
  EXPECT_EQ(admitted(*filter, 100), 2U);
  shard.world().run_for(milliseconds{500});
  EXPECT_EQ(admitted(*filter, 100), 1U);
  const auto window = build("{ rate: 9/s, algorithm: fixed_window, scope: local }", 4);
  EXPECT_EQ(admitted(*window, 100), 2U);
}

TEST_F(LimitTest, a_share_of_less_than_one_request_is_refused_when_the_configuration_is_read) {
  Diagnostics told;
  KeepingContext context(told, states, 4);
  EXPECT_FALSE(limit_filter().build(node("{ rate: 3/s, scope: local }"), context));
  EXPECT_TRUE(told.text().contains("less than one request")) << told.text();
}

// ---- the kernel's memory maps ----

// Rules beyond the tables there may be are a mistake with a place; other states, rules that exist and rules that went
// do not count.
TEST_F(LimitTest, tables_of_all_rules_together_are_bounded) {
  class Other final : public SharedState {};
  std::vector<std::shared_ptr<Other>> others;
  for (int number = 0; number < 100; ++number)
    others.push_back(states.find_or_make<Other>(std::to_string(number), &std::make_shared<Other>));
  const auto attempt = [&](const std::string& name, const std::string& more, std::string& complaint) {
    Diagnostics told;
    KeepingContext context(told, states, 2);
    auto filter = limit_filter().build(node("{ rate: 5/s, keys: 1, name: \"" + name + "\"" + more + " }"), context);
    complaint = told.text();
    return filter;
  };
  std::string complaint;
  std::vector<std::unique_ptr<const Filter>> filters;
  for (std::size_t number = 0; number + 1 < limits::limit_tables; ++number) {
    filters.push_back(attempt(std::to_string(number), "", complaint));
    ASSERT_TRUE(filters.back()) << number << ": " << complaint;
  }
  EXPECT_FALSE(attempt("local", ", scope: local", complaint)) << "two cores, and one table is left";
  EXPECT_TRUE(complaint.contains("16384 tables are in use")) << complaint;
  const auto last = attempt("last", "", complaint);
  ASSERT_TRUE(last);
  EXPECT_FALSE(attempt("one more", "", complaint));
  EXPECT_TRUE(attempt("7", "", complaint)) << "a reload finds what it has: " << complaint;
  filters.resize(filters.size() - 2);
  EXPECT_TRUE(attempt("local", ", scope: local", complaint)) << complaint;
}

}  // namespace
}  // namespace weir::limit
