// A name has one number, and each core one state under it.
#include "contracts/state_key.h"

#include <gtest/gtest.h>

#include <vector>

#include "contracts/testing/test_shard.h"

namespace weir {
namespace {

struct Counted final : ShardState {
  explicit Counted(int number_in) : number(number_in) {}
  int number;
};

TEST(StateKey, equal_names_have_one_number_and_others_another) {
  const StateKey one("state_key_test/one");
  const StateKey other("state_key_test/other");
  EXPECT_EQ(one.number(), StateKey("state_key_test/one").number());
  EXPECT_NE(one.number(), other.number());
}

TEST(StateKey, a_state_is_made_once_for_each_core_and_found_by_whoever_names_it) {
  TestShard first;
  TestShard second;
  int made = 0;
  const auto make = [&] { return std::make_unique<Counted>(++made); };
  const StateKey key("state_key_test/made");
  EXPECT_EQ(first.shard().state<Counted>(key, make).number, 1);
  EXPECT_EQ(first.shard().state<Counted>(StateKey("state_key_test/made"), make).number, 1);
  EXPECT_EQ(second.shard().state<Counted>(key, make).number, 2);
}

TEST(StateKey, states_are_visited_in_the_order_in_which_they_were_made) {
  TestShard shard;
  const StateKey named_first("state_key_test/a");
  shard.shard().state<Counted>(StateKey("state_key_test/b"), [] { return std::make_unique<Counted>(1); });
  shard.shard().state<Counted>(named_first, [] { return std::make_unique<Counted>(2); });
  std::vector<int> visited;
  shard.shard().for_each_state([&](ShardState& state) { visited.push_back(static_cast<Counted&>(state).number); });
  EXPECT_EQ(visited, (std::vector{1, 2}));
}

}  // namespace
}  // namespace weir
