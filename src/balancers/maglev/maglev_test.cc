// The published table, computed by the real code: balance, and what moves when one goes (facts of the paper's
// section 5.3).
#include "balancers/maglev/maglev.h"

#include <gtest/gtest.h>

#include "contracts/roster.h"
#include "upstream/picking/keyed_test_support.h"

namespace weir {
namespace {

using keyed_test::Fleet;

struct Shares {
  double most = 0;  ///< over the mean
  double least = 2;
};

Shares shares_of(const MaglevTable& table, std::size_t endpoints) {
  std::vector<double> counts(endpoints);
  for (std::size_t place = 0; place < table.size(); ++place) ++counts[table.owner_of(place)];
  const double mean = static_cast<double>(table.size()) / static_cast<double>(endpoints);
  return {.most = std::ranges::max(counts) / mean, .least = std::ranges::min(counts) / mean};
}

/// The part of all places that change hands though their owner stays, when one endpoint goes.
double moved_beyond_share(std::size_t endpoints, std::size_t size, std::uint64_t seed) {
  Fleet fleet(endpoints, seed);
  const MaglevTable before(fleet.identities, size);
  const auto gone = static_cast<std::uint32_t>(seed % endpoints);
  std::vector<EndpointIdentity> fewer = fleet.identities;
  fewer.erase(fewer.begin() + gone);
  const MaglevTable after(fewer, size);
  std::size_t moved = 0;
  for (std::size_t at = 0; at < size; ++at) {
    const std::uint32_t owner = before.owner_of(at);
    const std::uint32_t now = after.owner_of(at) + (after.owner_of(at) >= gone ? 1 : 0);
    moved += owner != gone && owner != now ? 1U : 0U;
  }
  return static_cast<double>(moved) / static_cast<double>(size);
}

TEST(Maglev, everybody_owns_the_same_share_of_the_table) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Shares hundred = shares_of(MaglevTable(Fleet(100, seed).identities, MaglevTable::small_size), 100);
    EXPECT_LE(hundred.most, 1.002);
    EXPECT_GE(hundred.least, 0.998);
  }
  const Shares thousand = shares_of(MaglevTable(Fleet(1000, 1).identities), 1000);
  EXPECT_LE(thousand.most, 1.002);
  EXPECT_GE(thousand.least, 0.998);
}

TEST(Maglev, little_moves_but_the_share_of_the_one_that_goes) {
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) sum += moved_beyond_share(100, MaglevTable::small_size, seed);
  EXPECT_LE(sum / 20, 0.007);  // 0.56 % by the published algorithm
  EXPECT_GT(sum / 20, 0.003);
}

TEST(Maglev, table_grows_with_the_endpoints) {
  EXPECT_EQ(MaglevTable(Fleet(200, 1).identities).size(), 65'537);
  EXPECT_EQ(MaglevTable(Fleet(201, 1).identities).size(), 655'373);
}

TEST(Maglev, weights_are_shares) {
  Fleet fleet(10, 1);
  fleet.identities[3].weight = 5;
  std::vector<double> counts(10);
  const MaglevTable table(fleet.identities);
  for (std::size_t place = 0; place < table.size(); ++place) counts[table.owner_of(place)] += 1.0 / 65'537;
  EXPECT_NEAR(counts[3], 5.0 / 14, 0.002);
  EXPECT_NEAR(counts[4], 1.0 / 14, 0.002);
}

TEST(Maglev, order_of_the_configuration_does_not_matter) {
  Fleet fleet(20, 1);
  const MaglevTable table(fleet.identities);
  std::ranges::reverse(fleet.identities);
  const MaglevTable reversed(fleet.identities);
  for (std::size_t at = 0; at < table.size(); ++at) {
    ASSERT_EQ(table.owner_of(at), 19 - reversed.owner_of(at));
  }
}

TEST(Maglev, more_endpoints_than_two_bytes_can_number_are_numbered_by_four) {
  std::vector<std::string> names;
  std::vector<EndpointIdentity> identities;
  names.reserve(70'000);
  for (int number = 0; number < 70'000; ++number)
    identities.push_back({.name = names.emplace_back(std::to_string(number))});
  const MaglevTable table(identities);
  std::uint32_t highest = 0;
  for (std::size_t place = 0; place < table.size(); ++place) highest = std::max(highest, table.owner_of(place));
  EXPECT_EQ(highest, 69'999U);
}

TEST(Maglev, keys_of_an_ejected_endpoint_are_spread_and_the_others_stay) {
  keyed_test::expect_ejection_moves_only_its_keys(Maglev({}), 50);
}

TEST(Maglev, bounded_loads_are_never_exceeded_and_move_little) {
  keyed_test::expect_bounded(Maglev({}), 0.25);
}

}  // namespace
}  // namespace weir
