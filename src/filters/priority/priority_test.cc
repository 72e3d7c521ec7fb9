// Shows: which class a request gets, and that whoever asks finds it. How: requests through the filter.
#include "filters/priority/priority.h"

#include <gtest/gtest.h>

#include "contracts/testing/conformance.h"

namespace weir {
namespace {

std::string class_of(std::string_view options, std::string_view plan) {
  const auto built = build_plugin(priority_filter(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  TestShard shard;
  TestExchange test(shard);
  if (!plan.empty()) test.field("x-plan", plan);
  const CountingService service;
  EXPECT_TRUE(shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service))));
  return std::string(name_of(priority_of(test.exchange))) + ", " + std::string(test.last_record()->reason);
}

TEST(PriorityFilter, conforms) {
  expect_conformance(priority_filter(), "high", "by: { header: x-plan }");
}

TEST(PriorityFilter, a_route_has_a_class) {
  EXPECT_EQ(class_of("critical", "free"), "critical, by_route");
}

TEST(PriorityFilter, a_value_has_a_class_or_is_one) {
  constexpr std::string_view options = "{ by: { header: x-plan }, classes: { paid: high, free: low } }";
  EXPECT_EQ(class_of(options, "paid"), "high, by_value");
  EXPECT_EQ(class_of(options, "free"), "low, by_value");
  EXPECT_EQ(class_of(options, "Paid"), "normal, value_has_no_class");
  EXPECT_EQ(class_of(options, ""), "normal, no_value");
  EXPECT_EQ(class_of("{ by: { header: x-plan }, class: low }", "critical"), "critical, by_value");
  EXPECT_EQ(class_of("{ by: { header: x-plan }, class: low }", "root"), "low, value_has_no_class");
}

TEST(PriorityFilter, a_request_nobody_decided_about_is_normal_and_the_last_decision_counts) {
  TestShard shard;
  TestExchange test(shard);
  EXPECT_EQ(priority_of(test.exchange), Priority::normal);
  for (const std::string_view name : {"low", "high"})
    test.exchange.record({.room = priority_room, .verdict = name, .subject = {}, .reason = {}, .place = {}}, 1);
  EXPECT_EQ(priority_of(test.exchange), Priority::high);
}

TEST(PriorityFilter, complains_about_what_makes_no_sense) {
  EXPECT_TRUE(complaints_about(priority_filter(), "hgih").contains("high"));
  EXPECT_TRUE(complaints_about(priority_filter(), "{ classes: { paid: high } }").contains("whose values these are"));
}

}  // namespace
}  // namespace weir
