// Figures land on the right route, whatever memory its name lies in, and their number is bounded.
#include "observers/route_metrics/route_metrics.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_exchange.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

void end_one(RouteMetrics& metrics, TestShard& shard, std::string_view route, Status status, Duration took = 1ms) {
  TestExchange test(shard);
  test.exchange.route_name = route;
  test.exchange.timings.head_started = Time{} + 1s;
  test.exchange.timings.finished = Time{} + 1s + took;
  metrics.ended(test.exchange, {.status = status});
}

TEST(RouteMetrics, counts_by_route_and_class) {
  RouteMetrics metrics;
  TestShard shard;
  end_one(metrics, shard, "cart", 200);
  end_one(metrics, shard, "cart", 503, 20s);
  end_one(metrics, shard, "", 404);
  end_one(metrics, shard, "cart", 0);
  end_one(metrics, shard, "cart", 101, 1h);
  const auto totals = metrics.totals();
  ASSERT_EQ(totals.size(), 2U);
  const RouteTotals& cart = totals.at("cart");
  EXPECT_EQ(cart.responses_by_class, (std::array<std::uint64_t, 6>{1, 1, 1, 0, 0, 1}));
  EXPECT_EQ(cart.durations.front(), 2U);
  EXPECT_EQ(cart.durations.back(), 1U);
  EXPECT_NEAR(cart.duration_seconds, 20.002, 1e-6) << "a tunnel's hour is not a request's duration";
  EXPECT_EQ(totals.at("none").responses_by_class[4], 1U);
}

TEST(RouteMetrics, a_name_is_known_by_its_text_and_not_by_its_place) {
  RouteMetrics metrics;
  TestShard shard;
  std::string name = "aaaa";
  end_one(metrics, shard, name, 200);
  name = "bbbb";  // a reload put another name into the same memory
  end_one(metrics, shard, name, 200);
  const std::string elsewhere = "aaaa";
  end_one(metrics, shard, elsewhere, 200);
  const auto totals = metrics.totals();
  EXPECT_EQ(totals.at("aaaa").responses_by_class[2], 2U);
  EXPECT_EQ(totals.at("bbbb").responses_by_class[2], 1U);
}

TEST(RouteMetrics, routes_beyond_the_maximum_count_as_other) {
  RouteMetrics metrics;
  TestShard shard;
  std::vector<std::string> names;
  for (int number = 0; number < 1500; ++number) names.push_back("route-" + std::to_string(number));
  for (const std::string& name : names) end_one(metrics, shard, name, 200);
  const auto totals = metrics.totals();
  EXPECT_EQ(totals.size(), RouteMetrics::routes_max);
  EXPECT_EQ(totals.at("other").responses_by_class[2], 1500 - (RouteMetrics::routes_max - 1));
}

}  // namespace
}  // namespace weir
