// Shows the table of a fleet (docs/fleet-limits.md) in short, and what happens when members and wires are lost. All in
// virtual time: real members, tables and messages.
#include <gtest/gtest.h>

#include "filters/limit/fleet/testing/fleet_world.h"

namespace weir::limit::fleet {
namespace {

constexpr double limit = 1000;
constexpr double meeting = 2;  // seconds in which members find one another

double below(double) {
  return 0.8 * limit;
}
double tenfold(double) {
  return 10 * limit;
}

TEST(Fleet, refuses_nobody_below_the_limit) {
  for (const unsigned nodes : {4U, 32U}) {
    World world({.nodes = nodes, .seed = 7});
    world.run_until(10, &below);
    EXPECT_EQ(world.admitted().size(), world.offered()) << nodes;
  }
}

TEST(Fleet, holds_the_limit_to_a_hundredth_under_ten_times_as_much) {
  for (const unsigned nodes : {4U, 32U}) {
    World world({.nodes = nodes, .seed = 8});
    world.run_until(meeting, &below);
    world.run_until(14, &tenfold);
    EXPECT_NEAR(world.mean(meeting + 1, 14), 1, 0.01) << nodes;
    EXPECT_LE(world.worst(1), 1.2) << nodes;
    EXPECT_LE(world.worst(10), 1.02) << nodes;
  }
}

TEST(Fleet, messages_of_a_member_do_not_grow_with_the_fleet) {
  const auto messages_a_second = [](unsigned nodes) {
    World world({.nodes = nodes, .seed = 9});
    world.run_until(5, &below);
    std::vector<std::uint64_t> counts;
    for (unsigned number = 0; number < nodes; ++number)
      counts.push_back(world.member(static_cast<MemberNumber>(number)).traffic().messages_sent);
    std::ranges::nth_element(counts, counts.begin() + static_cast<std::ptrdiff_t>(nodes / 2));
    return static_cast<double>(counts[nodes / 2]) / 5;
  };
  EXPECT_LE(messages_a_second(32), 75) << "50 reports, and what says that one is there";
  EXPECT_LE(messages_a_second(64), 75);
}

// The aggregator of the key's slot goes, its clients with it. What is lost is its account: at most a burst and the
// step.
TEST(Fleet, another_aggregator_goes_on_where_one_fell) {
  World world({.nodes = 5, .seed = 10});
  world.run_until(5, &tenfold);
  const MemberNumber fallen = world.member(0).aggregator_of(Member::slot_of(World::key), world.now());
  world.stop(fallen);
  world.run_until(15, &tenfold);
  const MemberNumber other = fallen == 0 ? 1 : 0;
  EXPECT_NE(world.member(other).aggregator_of(Member::slot_of(World::key), world.now()), fallen);
  EXPECT_EQ(world.member(other).mode_of(Member::slot_of(World::key), world.now()), Mode::whole);
  EXPECT_LE(world.worst(1, 4), 1.2 + 0.1);
  EXPECT_NEAR(world.mean(7, 15), 1, 0.01);
  world.resume(fallen);
  world.run_until(25, &tenfold);
  EXPECT_EQ(world.member(other).aggregator_of(Member::slot_of(World::key), world.now()), fallen);
  EXPECT_LE(world.worst(1, 15), 1.2 + 0.1);
  EXPECT_NEAR(world.mean(17, 25), 1, 0.01);
}

// Two of five are cut off: the three go on with the whole limit, the two with their last shares of it.
TEST(Fleet, a_minority_keeps_its_last_ratio_and_then_its_share) {
  World world({.nodes = 5, .seed = 11});
  const auto is_cut = [](MemberNumber node) { return node >= 3; };
  world.run_until(5, &tenfold);
  world.connected = [&](MemberNumber one, MemberNumber other) { return is_cut(one) == is_cut(other); };
  world.run_until(6, &tenfold);
  const std::uint8_t slot = Member::slot_of(World::key);
  EXPECT_EQ(world.member(0).mode_of(slot, world.now()), Mode::whole);
  EXPECT_EQ(world.member(4).mode_of(slot, world.now()), Mode::kept);
  world.run_until(8.2, &tenfold);
  EXPECT_EQ(world.member(4).mode_of(slot, world.now()), Mode::share);
  world.run_until(18, &tenfold);
  // The two have a fifth and a quarter of the traffic of the first of five: 0.2 of the whole; the three take all of it.
  const double share = (1.0 / 4 + 1.0 / 5) / (1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4 + 1.0 / 5);
  EXPECT_NEAR(world.mean(9, 18), 1 + share, 0.03);
  world.connected = [](MemberNumber, MemberNumber) { return true; };
  world.run_until(28, &tenfold);
  EXPECT_EQ(world.member(4).mode_of(slot, world.now()), Mode::whole);
  EXPECT_NEAR(world.mean(20, 28), 1, 0.01);
}

// Nobody hears anybody: together they hold the limit by their shares, never N times it.
TEST(Fleet, alone_everybody_gives_out_its_share) {
  World world({.nodes = 4, .seed = 12});
  world.run_until(5, &tenfold);
  world.connected = [](MemberNumber, MemberNumber) { return false; };
  world.run_until(20, &tenfold);
  EXPECT_NEAR(world.mean(9, 20), 1, 0.05);
  EXPECT_LE(world.worst(10, 8), 1.1);
}

TEST(Fleet, the_same_seed_gives_the_same_world) {
  World one({.nodes = 4, .seed = 13});
  World other({.nodes = 4, .seed = 13});
  one.run_until(4, &tenfold);
  other.run_until(4, &tenfold);
  EXPECT_EQ(one.admitted(), other.admitted());
}

}  // namespace
}  // namespace weir::limit::fleet
