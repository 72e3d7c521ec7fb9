// Shows who gets a place: whoever all cores together have seen often enough, and the heavier where there are too few.
#include "filters/limit/fleet/keeper.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "filters/limit/fleet/rule_part.h"

namespace weir::limit::fleet {
namespace {

constexpr Allowance allowance{.per_second = 120, .burst = 12};
constexpr Time start{std::chrono::hours{1}};

/// Keys of one set of places.
Fingerprint beside(std::uint64_t number) {
  return (std::uint64_t{5} << 32) + 1 + number;
}

class FleetKeeper : public testing::Test {
 protected:
  HotTable table{1, 7};
  Keeper keeper{table, 1, allowance, 3};
};

TEST_F(FleetKeeper, gives_the_place_of_the_lightest_key_to_a_heavier_one) {
  for (std::uint64_t number = 0; number < HotTable::places_per_set; ++number)
    keeper.consider(beside(number), 5 + number);
  keeper.consider(beside(100), 5);
  EXPECT_FALSE(table.find(beside(100))) << "it is as light as the lightest";
  keeper.consider(beside(101), 6);
  EXPECT_TRUE(table.find(beside(101)));
  EXPECT_FALSE(table.find(beside(0)));
  EXPECT_TRUE(table.find(beside(1)));
  EXPECT_EQ(keeper.hot_keys(), HotTable::places_per_set);
}

TEST_F(FleetKeeper, a_key_that_others_tell_of_pushes_nobody_out) {
  for (std::uint64_t number = 0; number < HotTable::places_per_set; ++number) keeper.consider(beside(number), 5);
  keeper.publish({.key = beside(100), .rule = 1, .ratio = 0.5, .mode = Mode::whole});
  EXPECT_FALSE(table.find(beside(100)));
}

// A key of 16 cores, each of which sees too little of it: together it is enough.
TEST_F(FleetKeeper, what_cores_have_seen_is_added_up) {
  constexpr unsigned cores = 16;
  RulePart part(1, allowance, cores, 7);
  for (unsigned core = 0; core < cores; ++core) part.admit({}, beside(0), core, 1, start);
  const auto seen = part.seen(start);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].seen, cores);
  EXPECT_TRUE(part.seen(start + std::chrono::seconds{2}).empty()) << "that was long ago";
}

// A flood in a core's sketch: whoever takes over a counter had one request, whatever the counter says.
TEST_F(FleetKeeper, keys_that_come_once_are_not_hot) {
  RulePart part(1, allowance, 1, 7);
  for (std::uint64_t number = 0; number < 5000; ++number) part.admit({}, Random(number).next(), 0, 1, start);
  for (const RulePart::SeenKey& each : part.seen(start)) {
    EXPECT_EQ(each.seen, 1U);
    keeper.consider(each.key, each.seen);
  }
  EXPECT_EQ(keeper.hot_keys(), 0U);
}

// More keys than a member knows: a heavier one is counted, and told of, all the same.
TEST(FleetMember, knows_the_heaviest_keys) {
  Member member({"a", "b", "c"}, 0, std::chrono::seconds{2}, [](MemberNumber, const std::string&) { return true; });
  for (std::uint64_t number = 0; number < keys_max; ++number)
    member.count({.key = 1 + number, .rule = 1, .allowance = allowance, .offered = 1, .admitted = 1, .weight = 2},
                 start);
  const auto knows = [&](Fingerprint key) {
    bool found = false;
    member.for_each_share([&](const Share& share) { found = found || share.key == key; });
    return found;
  };
  member.count({.key = 9000, .rule = 1, .allowance = allowance, .offered = 1, .admitted = 1, .weight = 2}, start);
  EXPECT_FALSE(knows(9000));
  member.count({.key = 9001, .rule = 1, .allowance = allowance, .offered = 9, .admitted = 9, .weight = 9}, start);
  EXPECT_TRUE(knows(9001));
}

}  // namespace
}  // namespace weir::limit::fleet
