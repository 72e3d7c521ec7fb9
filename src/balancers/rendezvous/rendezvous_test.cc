// Highest score wins: exact shares by weight, least disruption, and the idlest of the best few.
#include "balancers/rendezvous/rendezvous.h"

#include <gtest/gtest.h>

#include "upstream/picking/keyed_test_support.h"

namespace weir {
namespace {

using keyed_test::Fleet;

Rendezvous with_replicas(std::uint32_t replicas) {
  RendezvousOptions options;
  options.replicas = replicas;
  return Rendezvous(options);
}

TEST(Rendezvous, weights_are_exact_shares) {
  Fleet fleet(4);
  fleet.identities[2].weight = 3;
  const Rendezvous balancer = with_replicas(1);
  const auto table = balancer.make_table(fleet.identities);
  keyed_test::place(balancer, table.get(), fleet.endpoints, 60'000, 0);
  EXPECT_NEAR(fleet.endpoints[2].in_flight / 60'000.0, 0.5, 0.01);
  EXPECT_NEAR(fleet.endpoints[0].in_flight / 60'000.0, 1.0 / 6, 0.01);
}

TEST(Rendezvous, keys_of_an_ejected_endpoint_are_spread_and_the_others_stay) {
  keyed_test::expect_ejection_moves_only_its_keys(with_replicas(1), 50);
}

TEST(Rendezvous, endpoint_that_goes_from_the_table_moves_only_its_keys) {
  Fleet fleet(20);
  const Rendezvous balancer = with_replicas(1);
  const auto before =
      keyed_test::place(balancer, balancer.make_table(fleet.identities).get(), fleet.endpoints, 5000, 0);
  std::vector<EndpointIdentity> fewer(fleet.identities.begin(), fleet.identities.end() - 1);
  std::vector<EndpointFacts> left(19);
  const auto after = keyed_test::place(balancer, balancer.make_table(fewer).get(), left, 5000, 0);
  for (std::size_t key = 0; key < before.size(); ++key) {
    if (before[key] != 19) ASSERT_EQ(after[key], before[key]);
  }
}

TEST(Rendezvous, idlest_of_the_best_few_is_picked) {
  Fleet fleet(10);
  const Rendezvous two = with_replicas(2);
  const auto table = two.make_table(fleet.identities);
  Roster roster;
  roster.make(fleet.endpoints, {});
  const auto picked = [&] {
    PickFacts facts{.endpoints = fleet.endpoints, .key = 77, .keyed = true, .table = table.get()};
    return pick(two, roster, facts)->endpoint;
  };
  const std::uint32_t first = picked();
  fleet.endpoints[first].in_flight = 5;
  const std::uint32_t second = picked();
  EXPECT_NE(second, first);
  fleet.endpoints[second].in_flight = 6;
  EXPECT_EQ(picked(), first);  // a third one is idle, but the key does not belong to it
}

TEST(Rendezvous, bounded_loads_are_never_exceeded_and_move_little) {
  keyed_test::expect_bounded(with_replicas(1), 0.25);
}

}  // namespace
}  // namespace weir
