// The arena: alignment, growth over blocks, large things beside them, and everything given back at once.
#include "base/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"

namespace weir {
namespace {

bool aligned(const void* place, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(place) % alignment == 0;
}

TEST(Arena, aligns_what_it_hands_out) {
  BlockPool pool;
  Arena arena(pool);
  for (const std::size_t alignment : {1U, 2U, 8U, 16U, 64U}) {
    static_cast<void>(arena.allocate(1, 1));  // leaves the bump pointer odd
    EXPECT_TRUE(aligned(arena.allocate(24, alignment), alignment)) << alignment;
    EXPECT_TRUE(aligned(arena.allocate(3000, alignment), alignment)) << alignment;
  }
}

TEST(Arena, takes_no_block_before_its_first_use) {
  BlockPool pool;
  Arena arena(pool);
  EXPECT_EQ(pool.in_use(), 0U);
  EXPECT_NE(arena.allocate(0), nullptr);
  EXPECT_EQ(pool.in_use(), 1U);
}

TEST(Arena, gives_all_blocks_back_at_release) {
  BlockPool pool;
  {
    Arena arena(pool);
    for (int number = 0; number < 1000; ++number) static_cast<void>(arena.allocate(100));
    EXPECT_GT(pool.in_use(), 20U);
    arena.release();
    EXPECT_EQ(pool.in_use(), 0U);
    EXPECT_EQ(arena.copy("again"), "again");
  }
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(Arena, keeps_using_its_block_around_a_large_allocation) {
  BlockPool pool;
  Arena arena(pool);
  static_cast<void>(arena.allocate(10));
  static_cast<void>(arena.allocate(100'000));
  static_cast<void>(arena.allocate(10));
  EXPECT_EQ(pool.in_use(), 1U);
}

TEST(Arena, begins_with_a_large_allocation) {
  BlockPool pool;
  Arena arena(pool);
  char* large = static_cast<char*>(arena.allocate(1 << 20));
  large[(1 << 20) - 1] = 'x';
  EXPECT_EQ(arena.copy("small"), "small");
}

TEST(Arena, joins_pieces_also_empty_ones) {
  BlockPool pool;
  Arena arena(pool);
  EXPECT_EQ(arena.join("a", "", "bc", std::string("d")), "abcd");
  EXPECT_EQ(arena.join(), "");
  EXPECT_EQ(arena.join("", ""), "");
}

// Random sizes, each filled with its own letter: nothing overlaps.
TEST(Arena, allocations_never_overlap) {
  BlockPool pool;
  Random random(7);
  for (int round = 0; round < 50; ++round) {
    Arena arena(pool);
    std::vector<std::span<char>> made;
    for (int number = 0; number < 200; ++number) {
      const std::size_t bytes = random.chance(0.05) ? random.below(20'000) : random.below(200);
      char* place = static_cast<char*>(arena.allocate(bytes, std::size_t{1} << random.below(5)));
      made.emplace_back(place, bytes);
      std::ranges::fill(made.back(), static_cast<char>(number));
    }
    for (std::size_t number = 0; number < made.size(); ++number) {
      for (const char c : made[number]) ASSERT_EQ(c, static_cast<char>(number));
    }
  }
}

TEST(BlockPool, hands_out_the_block_that_came_back_last) {
  BlockPool pool;
  void* first = pool.take();
  void* second = pool.take();
  pool.give_back(first);
  pool.give_back(second);
  EXPECT_EQ(pool.take(), second);
  EXPECT_EQ(pool.take(), first);
  pool.give_back(first);
  pool.give_back(second);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(BlockPoolDeathTest, finds_a_block_that_comes_back_too_often) {
  BlockPool pool;
  void* block = pool.take();
  pool.give_back(block);
  EXPECT_DEATH(pool.give_back(block), "a block comes back once");
}

}  // namespace
}  // namespace weir
