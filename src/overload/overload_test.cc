// Shows: a bulkhead that finds its limit out keeps an origin busy without making its answers slow, from half to five
// times what it can do, and follows when that changes. How: the rows of `./dev bench overload` that need least time.
#include <gtest/gtest.h>

#include "overload/testing/overload_world.h"

namespace weir {
namespace {

using std::chrono::seconds;

constexpr OriginPlan plan{.workers = 32, .mean_milliseconds = 10, .service = ServiceTime::exponential};

class Overload : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    capacity = SimulatedOrigin::capacity_per_second(plan);
    OverloadWorld idle(plan, {});
    idle.come(capacity / 10);
    idle_p99 = idle.watch(seconds{10}).milliseconds_at(0.99);
  }

  static void expect_good(const Seen& seen, double load, double of, double time) {
    const double possible = std::min(load, of) * capacity * time;
    EXPECT_GE(static_cast<double>(seen.answered), 0.95 * possible) << load << " times its capacity";
    EXPECT_LE(seen.milliseconds_at(0.99), 2 * idle_p99) << load << " times its capacity";
  }

  static inline double capacity = 0;
  static inline double idle_p99 = 0;
};

TEST_F(Overload, keeps_goodput_and_latency_at_every_load) {
  for (const double load : {0.5, 1.2, 3.0}) {
    OverloadWorld world(plan, {});
    world.come(load * capacity);
    (void)world.watch(seconds{4});
    expect_good(world.watch(seconds{4}), load, 1, 4);
  }
}

TEST_F(Overload, follows_within_five_seconds_when_half_the_workers_go_and_come_back) {
  OverloadWorld world(plan, {});
  world.come(2 * capacity);
  (void)world.watch(seconds{4});
  world.origin.workers = plan.workers / 2;
  (void)world.watch(seconds{5});
  expect_good(world.watch(seconds{4}), 2, 0.5, 4);
  world.origin.workers = plan.workers;
  (void)world.watch(seconds{5});
  expect_good(world.watch(seconds{4}), 2, 1, 4);
}

TEST_F(Overload, who_pays_is_answered_while_the_rest_is_shed) {
  OverloadWorld world(plan, {});
  world.come(3 * capacity, 0.2);
  (void)world.watch(seconds{3});
  const Seen seen = world.watch(seconds{3});
  const auto part = [&](Priority priority) {
    return static_cast<double>(seen.answered_by_class[index_of(priority)]) /
           static_cast<double>(seen.offered_by_class[index_of(priority)]);
  };
  EXPECT_GE(part(Priority::high), 0.98);
  EXPECT_LE(part(Priority::normal), 0.3);
}

// Without the bulkhead the same origin answers everybody, and everybody too late.
TEST_F(Overload, without_a_limit_everybody_waits_for_ever_longer) {
  OverloadWorld world(plan, {.bounds = {.minimum = 100'000, .maximum = 100'000, .initial = 100'000}});
  world.come(1.5 * capacity);
  (void)world.watch(seconds{2});
  EXPECT_GT(world.watch(seconds{2}).milliseconds_at(0.99), 10 * idle_p99);
}

}  // namespace
}  // namespace weir
