// Shows that a small limit of a fleet is held exactly, whoever asks and whoever is lost, and what it costs. All in
// virtual time: real askers, accounts and messages.
#include <gtest/gtest.h>

#include "base/fault.h"
#include "filters/limit/fleet/testing/owner_world.h"

namespace weir::limit::fleet {
namespace {

using namespace std::chrono_literals;

constexpr double meeting = 0.1;

/// What one bucket lets through in a time, and what answers that are under way add.
std::size_t bound(const Budget& budget, double seconds) {
  const double rate = static_cast<double>(budget.limit) * 1e9 / static_cast<double>(budget.window.count());
  return static_cast<std::size_t>(rate * (seconds + 0.01)) + budget.burst;
}

TEST(Owners, hold_five_a_second_exactly_in_fleets_of_any_size) {
  for (const unsigned nodes : {4U, 32U, 256U}) {
    OwnerWorld world({.nodes = nodes, .seed = 3});
    world.run_until(meeting, 1);
    world.run_until(21, 50);
    EXPECT_LE(world.worst(1, meeting), bound({.limit = 5, .burst = 1}, 1)) << nodes;
    EXPECT_LE(world.worst(10, meeting), bound({.limit = 5, .burst = 1}, 10)) << nodes;
    EXPECT_GE(world.count(1, 21), 84U) << nodes << ": and nothing is lost but the pauses between requests";
  }
}

TEST(Owners, hold_one_a_minute_exactly) {
  for (const unsigned nodes : {4U, 32U}) {
    const Budget minute{.limit = 1, .window = 60s, .burst = 1};
    OwnerWorld world({.nodes = nodes, .seed = 4, .budget = minute});
    world.run_until(185, 20);
    EXPECT_EQ(world.worst(59, meeting), 1U) << nodes;
    EXPECT_NEAR(static_cast<double>(world.count(meeting, 185)), 4, 1) << nodes;
  }
}

TEST(Owners, refuse_nobody_below_the_limit) {
  const Budget budget{.limit = 100, .window = 1s, .burst = 20};
  OwnerWorld world({.nodes = 8, .seed = 5, .budget = budget});
  world.run_until(meeting, 1);
  const std::size_t before = world.admitted().size();
  const std::uint64_t offered = world.offered();
  world.run_until(30, 50);
  EXPECT_EQ(world.admitted().size() - before, world.offered() - offered);
}

// Nobody asks for a request that is refused anyway.
TEST(Owners, are_asked_no_more_often_than_a_limit_lets_through_and_each_member_once_for_a_refusal) {
  OwnerWorld world({.nodes = 16, .seed = 6});
  world.run_until(meeting, 1);
  world.run_until(20, 10'000);
  const double a_second = static_cast<double>(world.messages(world.order()[0])) / 20;
  EXPECT_LE(a_second, 4 * 16 * 5) << "each member asks once for each that passes, and once more while it waits";
  EXPECT_GT(world.decided(OwnedSource::refused_lately), 150'000U);
  EXPECT_LE(world.longest_wait(), 10ms);
}

TEST(Owners, that_fall_are_followed_by_the_next_with_one_budget_more) {
  OwnerWorld world({.nodes = 8, .seed = 7});
  world.run_until(5, 50);
  world.stop(world.order()[0]);
  world.run_until(25, 50);
  const std::size_t exact = bound({.limit = 5, .burst = 1}, 1);
  EXPECT_LE(world.worst(1, 4), exact + 1 + 7) << "the next begins with a burst; whoever waited gave out his share";
  EXPECT_LE(world.worst(1, 6), exact);
  EXPECT_GE(world.count(8, 25), 70U);
  EXPECT_LE(world.longest_wait(), 10ms + 2ms);
  world.resume(world.order()[0]);
  world.run_until(45, 50);
  EXPECT_LE(world.worst(10, 25), bound({.limit = 5, .burst = 1}, 10) + 1 + 10) << "two may own it for two seconds";
  EXPECT_LE(world.worst(1, 29), exact) << "and then one";
  EXPECT_GE(world.count(30, 45), 62U);
}

// Of five, two are cut off, the owner with them: the three go on with the next, the two give out shares.
TEST(Owners, of_a_part_that_is_no_majority_decide_nothing) {
  OwnerWorld world({.nodes = 5, .seed = 8});
  const MemberNumber owner = world.order()[0];
  const auto other = static_cast<MemberNumber>((owner + 1) % 5 == world.order()[1] ? (owner + 2) % 5 : (owner + 1) % 5);
  world.run_until(5, 50);
  world.connected = [&](MemberNumber one, MemberNumber two) {
    return (one == owner || one == other) == (two == owner || two == other);
  };
  world.run_until(30, 50);
  const double shares = 2.0 / 5;
  EXPECT_LE(world.worst(10, 8), static_cast<std::size_t>(50 * (1 + shares)) + 3);
  EXPECT_GE(world.count(8, 30), 100U) << "the majority has the limit";
}

TEST(Owners, alone_everybody_gives_out_its_share) {
  OwnerWorld world({.nodes = 4, .seed = 9});
  world.connected = [](MemberNumber, MemberNumber) { return false; };
  world.run_until(30, 50);
  EXPECT_LE(world.worst(10, 1), 50U + 4);
  EXPECT_GE(world.count(5, 30), 100U);
}

// Answers that come late, and segments that are sent again: nobody waits longer, and what passes is the limit and what
// shares give out meanwhile.
TEST(Owners, behind_bad_wires_are_waited_for_no_longer_than_the_budget) {
  const Budget budget{.limit = 50, .window = 1s, .burst = 5};
  OwnerWorld world({.nodes = 8, .seed = 10, .budget = budget, .varies = 3ms, .loss = 0.01});
  world.run_until(meeting, 1);
  world.run_until(40, 500);
  EXPECT_LE(world.longest_wait(), 12ms);
  EXPECT_LE(static_cast<double>(world.count(5, 40)) / 35, 50 * 1.5)
      << "shares beside the owner, and at times two owners";
  EXPECT_GE(static_cast<double>(world.count(5, 40)) / 35, 50 * 0.9);
}

// What these worlds would not notice they would not show either: mistakes that are planted are seen.

TEST(Owners, that_are_lost_and_asked_on_are_noticed) {
  const PlantedFault planted(Fault::owner_lost_unseen);
  OwnerWorld world({.nodes = 8, .seed = 7});
  world.run_until(5, 50);
  world.stop(world.order()[0]);
  world.run_until(25, 50);
  EXPECT_GT(world.worst(1, 6), bound({.limit = 5, .burst = 1}, 1)) << "everybody gives out shares";
}

TEST(Owners, that_decide_without_a_majority_are_noticed) {
  const PlantedFault planted(Fault::owner_without_majority);
  OwnerWorld world({.nodes = 4, .seed = 9});
  world.connected = [](MemberNumber, MemberNumber) { return false; };
  world.run_until(30, 50);
  EXPECT_GT(world.worst(10, 1), 50U + 4);
}

TEST(Owners, the_same_seed_gives_the_same_world) {
  OwnerWorld one({.nodes = 4, .seed = 13, .varies = 2ms, .loss = 0.01});
  OwnerWorld other({.nodes = 4, .seed = 13, .varies = 2ms, .loss = 0.01});
  one.run_until(4, 50);
  other.run_until(4, 50);
  EXPECT_EQ(one.admitted(), other.admitted());
}

}  // namespace
}  // namespace weir::limit::fleet
