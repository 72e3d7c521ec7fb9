// What one pick costs at a thousand endpoints, and what it costs to take one of ten thousand out.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "balancers/least_request/least_request.h"
#include "balancers/maglev/maglev.h"
#include "balancers/peak_ewma/peak_ewma.h"
#include "balancers/random/random.h"
#include "balancers/rendezvous/rendezvous.h"
#include "balancers/reported_load/reported_load.h"
#include "balancers/ring_hash/ring_hash.h"
#include "balancers/round_robin/round_robin.h"
#include "base/random.h"
#include "contracts/roster.h"

namespace weir {
namespace {

constexpr std::size_t thousand = 1000;

std::vector<EndpointFacts> endpoints_with_loads(std::size_t count, std::uint32_t weight_max) {
  Random random(1);
  std::vector<EndpointFacts> endpoints(count);
  for (EndpointFacts& each : endpoints) {
    each.in_flight = static_cast<std::uint32_t>(random.below(20));
    each.weight = static_cast<std::uint32_t>(1 + random.below(weight_max));
    each.latency_us = static_cast<std::uint32_t>(1 + random.below(10'000));
  }
  return endpoints;
}

/// The whole pick: the group, then the policy. Draws and keys differ each time; so do the lines of memory.
void pick_of_thousand(benchmark::State& state, const Balancer& balancer, std::uint32_t weight_max) {
  const std::vector<EndpointFacts> endpoints = endpoints_with_loads(thousand, weight_max);
  std::vector<std::string> names;
  std::vector<EndpointIdentity> identities;
  names.reserve(thousand);
  for (std::size_t at = 0; at < thousand; ++at) {
    names.push_back("10.0." + std::to_string(at / 250) + "." + std::to_string(at % 250) + ":8080");
    identities.push_back({.name = names.back(), .weight = endpoints[at].weight});
  }
  const auto table = balancer.make_table(identities);
  Roster roster;
  roster.make(endpoints, {});
  PickFacts facts{.endpoints = endpoints, .keyed = true, .now = Time(std::chrono::hours{1}), .table = table.get()};
  std::uint64_t bits = 1;
  for (auto _ : state) {
    bits = bits * 0x9E3779B97F4A7C15U + 1;
    ++facts.turn;
    facts.draw = facts.key = bits;
    benchmark::DoNotOptimize(pick(balancer, roster, facts));
  }
}

void BM_LbUpdateOne(benchmark::State& state) {
  std::vector<EndpointFacts> endpoints = endpoints_with_loads(10 * thousand, 5);
  Roster roster;
  std::size_t at = 0;
  for (auto _ : state) {
    endpoints[at].available = !endpoints[at].available;
    at = (at + 7919) % endpoints.size();
    roster.make(endpoints, {});
    benchmark::DoNotOptimize(roster.members());
  }
}
BENCHMARK(BM_LbUpdateOne);

RingHashOptions like_nginx() {
  return {};
}

BENCHMARK_CAPTURE(pick_of_thousand, round_robin, RoundRobin(), 1)->Name("BM_LbPick/round_robin");
BENCHMARK_CAPTURE(pick_of_thousand, weighted, RoundRobin(), 10)->Name("BM_LbPick/round_robin_weighted");
BENCHMARK_CAPTURE(pick_of_thousand, random, RandomBalancer(), 1)->Name("BM_LbPick/random");
BENCHMARK_CAPTURE(pick_of_thousand, least_request, LeastRequest(2), 1)->Name("BM_LbPick/least_request");
BENCHMARK_CAPTURE(pick_of_thousand, peak_ewma, PeakEwma(std::chrono::seconds{10}), 1)->Name("BM_LbPick/peak_ewma");
BENCHMARK_CAPTURE(pick_of_thousand, reported_load, ReportedLoad({}), 1)->Name("BM_LbPick/reported_load");
BENCHMARK_CAPTURE(pick_of_thousand, maglev, Maglev({}), 1)->Name("BM_LbPick/maglev");
BENCHMARK_CAPTURE(pick_of_thousand, ring_hash, RingHash(like_nginx()), 1)->Name("BM_LbPick/ring_hash");
BENCHMARK_CAPTURE(pick_of_thousand, rendezvous, Rendezvous({}), 1)->Name("BM_LbPick/rendezvous");

}  // namespace
}  // namespace weir
