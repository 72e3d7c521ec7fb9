// The paper's promises, computed: equal shares, and 1/(n+1) moves when one is appended.
#include "balancers/jump/jump.h"

#include <gtest/gtest.h>

#include "upstream/picking/keyed_test_support.h"

namespace weir {
namespace {

TEST(Jump, moves_no_more_than_the_new_share) {
  constexpr std::uint64_t keys = 4'000'000;
  std::uint64_t moved = 0;
  for (std::uint64_t key = 0; key < keys; ++key) {
    const std::uint64_t hash = keyed_test::key_number(key);
    const std::uint32_t before = jump_to(hash, 100);
    const std::uint32_t after = jump_to(hash, 101);
    moved += before != after ? 1U : 0U;
    if (before != after) ASSERT_EQ(after, 100U);
  }
  EXPECT_NEAR(static_cast<double>(moved) / keys * 101, 1, 0.02);
}

TEST(Jump, shares_are_as_equal_as_chance_allows) {
  constexpr std::uint32_t buckets = 100;
  constexpr std::uint64_t keys = 2'000'000;
  std::vector<double> counts(buckets);
  for (std::uint64_t key = 0; key < keys; ++key) ++counts[jump_to(keyed_test::key_number(key), buckets)];
  double square = 0;
  for (const double each : counts) square += (each * buckets / keys - 1) * (each * buckets / keys - 1);
  const double chance = std::sqrt(static_cast<double>(buckets - 1) / keys);  // of a multinomial
  EXPECT_NEAR(std::sqrt(square / buckets) / chance, 1, 0.25);
}

TEST(Jump, one_bucket_takes_everything) {
  for (std::uint64_t key = 0; key < 100; ++key) EXPECT_EQ(jump_to(keyed_test::key_number(key), 1), 0U);
}

TEST(Jump, keys_of_an_ejected_endpoint_are_spread_and_the_others_stay) {
  keyed_test::expect_ejection_moves_only_its_keys(Jump({}), 50);
}

TEST(Jump, bounded_loads_are_never_exceeded_and_move_little) {
  keyed_test::expect_bounded(Jump({}), 0.25);
}

}  // namespace
}  // namespace weir
