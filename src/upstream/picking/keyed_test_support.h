// What every policy with a key must hold: ejecting one moves its keys only, and bounded loads stay below their bound.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "contracts/roster.h"
#include "upstream/picking/hash.h"

namespace weir::keyed_test {

/// Endpoints with addresses as names.
struct Fleet {
  explicit Fleet(std::size_t count, std::uint64_t seed = 0) : endpoints(count) {
    names.reserve(count);
    for (std::size_t at = 0; at < count; ++at) {
      names.push_back("10." + std::to_string(seed) + "." + std::to_string(at / 250) + "." + std::to_string(at % 250) +
                      ":8080");
      identities.push_back({.name = names.back()});
    }
  }
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  std::vector<std::string> names;
  std::vector<EndpointIdentity> identities;
  std::vector<EndpointFacts> endpoints;
};

inline std::uint64_t key_number(std::uint64_t number) {
  return mixed(number * 0x9E3779B97F4A7C15U + 1);
}

/// Who serves each of the keys 0 .. keys-1, one request each; their loads stay on the endpoints.
inline std::vector<std::uint32_t> place(const Balancer& balancer, const BalancerTable* table,
                                        std::vector<EndpointFacts>& endpoints, std::size_t keys, double level) {
  Roster roster;
  roster.make(endpoints, {});
  for (EndpointFacts& each : endpoints) each.in_flight = 0;
  std::vector<std::uint32_t> owners;
  owners.reserve(keys);
  for (std::size_t key = 0; key < keys; ++key) {
    PickFacts facts{.endpoints = endpoints, .key = key_number(key), .keyed = true, .level = level, .table = table};
    owners.push_back(pick(balancer, roster, facts)->endpoint);
    ++endpoints[owners.back()].in_flight;
  }
  return owners;
}

inline void expect_ejection_moves_only_its_keys(const Balancer& balancer, std::size_t count) {
  Fleet fleet(count);
  const auto table = balancer.make_table(fleet.identities);
  constexpr std::size_t keys = 20'000;
  const auto before = place(balancer, table.get(), fleet.endpoints, keys, 0);
  fleet.endpoints[7].available = false;
  const auto without = place(balancer, table.get(), fleet.endpoints, keys, 0);
  std::vector<bool> heirs(count);
  for (std::size_t key = 0; key < keys; ++key) {
    if (before[key] != 7) {
      ASSERT_EQ(without[key], before[key]);
      continue;
    }
    ASSERT_NE(without[key], 7U);
    heirs[without[key]] = true;
  }
  EXPECT_GT(std::ranges::count(heirs, true), static_cast<std::ptrdiff_t>(count / 2));
  fleet.endpoints[7].available = true;
  EXPECT_EQ(place(balancer, table.get(), fleet.endpoints, keys, 0), before);
}

/// Endpoints go one after another under a standing load. Their load is never above ceil((1 + above) m / n), and what
/// moves is at most twice what has to.
inline void expect_bounded(const Balancer& balancer, double above) {
  constexpr std::size_t count = 200;
  constexpr std::size_t keys = 2000;
  Fleet fleet(count);
  const auto table = balancer.make_table(fleet.identities);
  double level = hold_level(0, keys, count, above);
  auto before = place(balancer, table.get(), fleet.endpoints, keys, level);
  double moved = 0;
  double displaced = 0;
  for (std::uint32_t gone = 0; gone < 8; ++gone) {
    const std::uint32_t lost = fleet.endpoints[gone].in_flight;
    fleet.endpoints[gone].available = false;
    const std::size_t left = count - gone - 1;
    level = hold_level(level, keys, left, above);
    const auto after = place(balancer, table.get(), fleet.endpoints, keys, level);
    const double bound = std::ceil((1 + above) * keys / static_cast<double>(left));
    for (const EndpointFacts& each : fleet.endpoints) ASSERT_LE(each.in_flight, bound);
    for (std::size_t key = 0; key < keys; ++key) moved += before[key] != after[key] ? 1 : 0;
    displaced += lost;
    before = after;
  }
  EXPECT_GT(displaced, 0);
  EXPECT_LE(moved, 2 * displaced);
}

}  // namespace weir::keyed_test
