// Shows that what the formulas say is what budgets and fleets do: by known numbers, and by running them against it.
#include "filters/limit/error_bound.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "filters/limit/fleet/testing/fleet_world.h"
#include "filters/limit/ledger.h"

namespace weir::limit {
namespace {

Budget budget_by(Algorithm algorithm, std::uint64_t limit, std::uint64_t burst) {
  return {.algorithm = algorithm, .limit = limit, .burst = burst};
}

TEST(ErrorBound, of_one_machine_follows_from_its_algorithm) {
  const Bound bucket = machine_bound(budget_by(Algorithm::token_bucket, 100, 20), 1);
  EXPECT_EQ(bucket.mean_per_second, 100);
  EXPECT_EQ(bucket.worst_second, 120);
  EXPECT_EQ(bucket.worst_ten_seconds, 1020);
  EXPECT_EQ(machine_bound(budget_by(Algorithm::fixed_window, 100, 1), 1).worst_second, 200);
  EXPECT_EQ(machine_bound(budget_by(Algorithm::sliding_log, 100, 1), 1).worst_second, 100);
  EXPECT_EQ(machine_bound(budget_by(Algorithm::sliding_log, 100, 1), 4).worst_second, 103) << "one more each core";
  Budget minute = budget_by(Algorithm::fixed_window, 60, 1);
  minute.window = std::chrono::minutes{1};
  EXPECT_DOUBLE_EQ(machine_bound(minute, 1).mean_per_second, 1);
  EXPECT_EQ(machine_bound(minute, 1).worst_ten_seconds, 120) << "around an edge";
}

// Random traffic through each algorithm; no window of one or ten seconds has more than the bound.
TEST(ErrorBound, of_one_machine_is_never_passed) {
  for (const Algorithm algorithm : {Algorithm::token_bucket, Algorithm::gcra, Algorithm::fixed_window,
                                    Algorithm::sliding_window, Algorithm::sliding_log}) {
    Random random(4711);
    const Budget budget = budget_by(algorithm, 50, algorithm == Algorithm::gcra ? 1 : 30);
    Ledger ledger(budget, 1, Company::alone);
    const Bound bound = machine_bound(budget, 1);
    std::vector<double> admitted;
    double now = 0;
    for (int request = 0; request < 50'000; ++request) {
      now += random.chance(0.01) ? 0.7 : 0.0002 * static_cast<double>(random.below(60));
      std::uint64_t before = 0;
      const Time at{std::chrono::hours{1} + Duration{static_cast<std::int64_t>(now * 1e9)}};
      if (ledger.spend(7, at, 1, before).admitted) admitted.push_back(now);
    }
    for (const auto& [window, most] : {std::pair{1.0, bound.worst_second}, {10.0, bound.worst_ten_seconds}}) {
      std::size_t first = 0;
      for (std::size_t last = 0; last < admitted.size(); ++last) {
        while (admitted[last] - admitted[first] > window - 1e-6) ++first;
        ASSERT_LE(static_cast<double>(last - first + 1), most) << weir::name_of(algorithm) << " in " << window;
      }
    }
  }
}

TEST(ErrorBound, of_a_fleet_is_that_of_the_table) {
  const Bound bound = fleet_bound(budget_by(Algorithm::token_bucket, 1000, 100), {});
  EXPECT_EQ(bound.mean_per_second, 1000);
  EXPECT_NEAR(bound.worst_second, 1219, 1) << "two bursts of a tenth, and what chance brings in 42 ms";
  EXPECT_NEAR(bound.worst_ten_seconds, 10'219, 1);
  // A hundredfold step: 0.8 for 0.958 s, 100 for 0.042 s.
  const Bound wild = fleet_bound(budget_by(Algorithm::token_bucket, 1000, 100), {.from = 0.8, .to = 100});
  EXPECT_NEAR(wild.worst_second, 766.4 + 4200 + 19.4, 1);
  EXPECT_NEAR(fleet_share_bound(budget_by(Algorithm::token_bucket, 1000, 100)).mean_per_second, 1100, 0.001);
}

// Random steps between nothing and ten limits, from any level: what the world lets through stays within the bound of
// that growth.
TEST(ErrorBound, of_a_fleet_is_never_passed) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    fleet::World world({.nodes = 3 + static_cast<unsigned>(seed), .seed = seed});
    Random random(seed);
    std::vector<double> levels;
    for (int level = 0; level < 60; ++level) levels.push_back(static_cast<double>(random.below(100)) * 100);
    world.run_until(2, [](double) { return 100.0; });  // they meet
    world.run_until(22, [&](double at) { return levels[static_cast<std::size_t>(at / 0.7)]; });
    const Bound bound = fleet_bound(budget_by(Algorithm::token_bucket, 1000, 100), {.from = 1, .to = 10});
    EXPECT_LE(world.worst(1) * 1000, bound.worst_second) << "seed " << seed;
    EXPECT_LE(world.worst(10) * 10'000, bound.worst_ten_seconds) << "seed " << seed;
    EXPECT_GT(world.worst(1), 0.9) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir::limit
