// Shows that a flood of other keys hides nobody who is over a limit: a fleet in virtual time, a rule of 120/s, a flood
// of random keys that goes on all the time, and then somebody who asks for ten times the limit.
#include <gtest/gtest.h>

#include <algorithm>

#include "filters/limit/error_bound.h"
#include "filters/limit/fleet/testing/fleet_world.h"

namespace weir::limit::fleet {
namespace {

constexpr double limit = 120;
constexpr double offender_comes = 6;  // seconds after the flood
constexpr double found = 1;           // second, until the offender is held as if there were no flood
constexpr double end = 19;            // ten seconds and more after that

void expect_held(const WorldSettings& settings) {
  World world(settings);
  world.run_until(offender_comes, [](double) { return 1.0; });
  world.run_until(end, [](double) { return 10 * limit; });
  const Budget budget{.limit = static_cast<std::uint64_t>(limit), .burst = static_cast<std::uint64_t>(limit / 10)};
  const Bound bound = fleet_bound(budget, {});
  const double from = *std::ranges::lower_bound(world.admitted(), offender_comes) + found;
  EXPECT_LE(world.worst(1) * limit, bound.worst_second + limit / 4) << "what passes before it is found";
  EXPECT_LE(world.worst(1, from) * limit, bound.worst_second);
  const double ten_seconds = world.worst(10, from) * limit * 10;
  EXPECT_GT(ten_seconds, 0) << "they have passed";
  EXPECT_LE(ten_seconds, bound.worst_ten_seconds);
  EXPECT_NEAR(world.mean(from, end), 1, 0.02);
}

// Two thousand a second at each machine, as the first wave of a botnet brings them.
TEST(FleetFlood, of_keys_that_come_once_hides_no_offender) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 5U})
    expect_held({.nodes = 3, .seed = seed, .limit = limit, .burst = limit / 10, .flood = 6000});
}

// Six hundred keys of three or four requests a second at each machine: enough to be hot, and more than there are
// places.
TEST(FleetFlood, of_keys_that_come_again_hides_no_offender) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 5U}) {
    expect_held({.nodes = 3, .seed = seed, .limit = limit, .burst = limit / 10, .flood = 6000, .flood_keys = 600});
  }
}

}  // namespace
}  // namespace weir::limit::fleet
