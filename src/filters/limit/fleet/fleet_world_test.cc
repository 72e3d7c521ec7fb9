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

// Of the member that serves most others, both directions.
TEST(Fleet, messages_of_the_busiest_do_not_grow_with_the_fleet) {
  const auto messages_a_second = [](unsigned nodes) {
    World world({.nodes = nodes, .seed = 9});
    world.run_until(4, &tenfold);
    std::uint64_t most = 0;
    for (unsigned number = 0; number < nodes; ++number) {
      const Traffic& traffic = world.member(static_cast<MemberNumber>(number)).traffic();
      most = std::max(most, traffic.messages_sent + traffic.messages_received);
    }
    return static_cast<double>(most) / 4;
  };
  const double of_32 = messages_a_second(32);
  EXPECT_LE(of_32, 31 * 120) << "fifty reports and fifty ratios of each, and what is told early";
  EXPECT_LE(messages_a_second(256), 1.25 * of_32);
}

// The aggregator of the key's slot goes, its clients with it. What is lost is its account: at most a burst and the
// step.
TEST(Fleet, another_aggregator_goes_on_where_one_fell) {
  World world({.nodes = 5, .seed = 10});
  world.run_until(5, &tenfold);
  const MemberNumber fallen = world.aggregator().value();
  world.stop(fallen);
  world.run_until(15, &tenfold);
  const MemberNumber other = fallen == 0 ? 1 : 0;
  EXPECT_NE(world.aggregator().value(), fallen);
  EXPECT_EQ(world.member(other).mode_of(Member::slot_of(World::key), world.now()), Mode::whole);
  EXPECT_LE(world.worst(1, 4), 1.2 + 0.1);
  EXPECT_NEAR(world.mean(7, 15), 1, 0.01);
  world.resume(fallen);
  world.run_until(25, &tenfold);
  EXPECT_EQ(world.aggregator(), fallen);
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

// What the minority let through by its shares has been settled by them: it is nobody's debt when the wire is back.
TEST(Fleet, that_comes_together_again_pays_for_nothing_twice) {
  World world({.nodes = 9, .seed = 14});  // more than may be aggregators: the others report to nobody
  world.run_until(5, &tenfold);
  world.connected = [](MemberNumber, MemberNumber) { return false; };
  world.run_until(20, &tenfold);
  world.connected = [](MemberNumber, MemberNumber) { return true; };
  world.run_until(26, &tenfold);
  for (double second = 20; second < 26; ++second) EXPECT_NEAR(world.mean(second, second + 1), 1, 0.25) << second;
}

// Two halves give out their shares; the aggregator, in one of them, saves up nothing meanwhile.
TEST(Fleet, that_comes_together_again_has_no_second_burst) {
  for (const std::uint64_t seed : {20U, 21U, 22U}) {
    World world({.nodes = 4, .seed = seed});
    world.run_until(5, &tenfold);
    world.connected = [](MemberNumber one, MemberNumber other) { return one / 2 == other / 2; };
    world.run_until(16, &tenfold);
    world.connected = [](MemberNumber, MemberNumber) { return true; };
    world.run_until(22, &tenfold);
    EXPECT_LE(world.worst(1, 15.5), 1.06) << "it is 1.11 with what an aggregator would have saved up";
  }
}

// 64 members in eight groups: the collector of one goes, then the aggregator.
TEST(Fleet, of_groups_goes_on_without_a_relay_and_without_its_aggregator) {
  World world({.nodes = 64, .seed = 15});
  world.run_until(5, &tenfold);
  const std::uint8_t slot = Member::slot_of(World::key);
  EXPECT_NEAR(world.mean(2, 5), 1, 0.02);
  const MemberNumber collector = world.member(0).taken(slot, world.now()).value();
  const MemberNumber fallen = collector != 0 ? collector : world.member(1).taken(slot, world.now()).value();
  EXPECT_TRUE(world.member(fallen).is_collector(slot, world.now()));
  world.stop(fallen);
  world.run_until(10, &tenfold);
  EXPECT_NEAR(world.mean(6, 10), 1, 0.02);
  const MemberNumber aggregator = world.aggregator().value();
  world.stop(aggregator);
  world.run_until(16, &tenfold);
  EXPECT_NE(world.aggregator().value(), aggregator);
  EXPECT_NEAR(world.mean(12, 16), 1, 0.02);
  EXPECT_LE(world.worst(1, 2), 1.3);
  for (unsigned number = 0; number < 64; ++number) {
    if (number == fallen || number == aggregator) continue;
    EXPECT_EQ(world.member(static_cast<MemberNumber>(number)).mode_of(slot, world.now()), Mode::whole) << number;
  }
}

// A group whose wires to all aggregators are cut, but not its wires to one another: its collectors do not pretend.
TEST(Fleet, a_group_that_reaches_no_aggregator_gives_out_shares) {
  World world({.nodes = 64, .seed = 16});
  world.run_until(5, &tenfold);
  const std::uint8_t slot = Member::slot_of(World::key);
  const auto is_cut = [](MemberNumber node) { return node >= 60; };
  world.connected = [&](MemberNumber one, MemberNumber other) { return is_cut(one) == is_cut(other); };
  world.run_until(9, &tenfold);
  for (MemberNumber number = 60; number < 64; ++number)
    EXPECT_EQ(world.member(number).mode_of(slot, world.now()), Mode::share) << number;
  EXPECT_LE(world.worst(1, 6), 1.25);
}

// The clock of the aggregator, or of a member, jumps: a burst more at most, once, and nobody is refused for long.
TEST(Fleet, a_clock_that_jumps_costs_at_most_a_burst) {
  for (const Duration by : {Duration{std::chrono::seconds{7}}, Duration{std::chrono::seconds{-7}}}) {
    for (const bool aggregator : {true, false}) {
      World world({.nodes = 5, .seed = 17});
      world.run_until(5, &tenfold);
      const MemberNumber keeps = world.aggregator().value();
      world.jump(aggregator ? keeps : static_cast<MemberNumber>((keeps + 1) % 5), by);
      world.run_until(20, &tenfold);
      EXPECT_LE(world.worst(1, 4), 1.3) << by.count() << aggregator;
      EXPECT_LE(world.worst(10, 4), 1.05) << by.count() << aggregator;
      EXPECT_NEAR(world.mean(14, 20), 1, 0.01) << by.count() << aggregator;
      EXPECT_GE(world.mean(5, 7), 0.7) << by.count() << aggregator;
    }
  }
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

// Wires that take from one to eleven milliseconds: what is stated for one millisecond holds with the longer delay.
TEST(Fleet, holds_the_limit_over_wires_that_vary) {
  for (const unsigned nodes : {4U, 32U}) {
    World world({.nodes = nodes, .seed = 30, .varies = std::chrono::milliseconds{10}});
    world.run_until(meeting, &below);
    EXPECT_EQ(world.admitted().size(), world.offered()) << nodes;
    world.run_until(14, &tenfold);
    EXPECT_NEAR(world.mean(meeting + 1, 14), 1, 0.01) << nodes;
    EXPECT_LE(world.worst(1), 1.3) << nodes;
    EXPECT_LE(world.worst(10), 1.03) << nodes;
  }
}

// One message of a hundred comes 200 ms late, and all that follow it on its wire.
TEST(Fleet, holds_the_limit_over_wires_that_lose) {
  for (const unsigned nodes : {4U, 32U}) {
    World world({.nodes = nodes, .seed = 31, .varies = std::chrono::milliseconds{5}, .loss = 0.01});
    world.run_until(meeting, &below);
    world.run_until(14, &tenfold);
    EXPECT_NEAR(world.mean(meeting + 1, 14), 1, 0.05) << nodes;
    EXPECT_LE(world.worst(1), 1.6) << nodes;
    EXPECT_LE(world.worst(10), 1.1) << nodes;
  }
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
