// A fleet in a few lines: gateways that balance requests over servers, in simulated time.
//
// Problem: what a policy is worth shows only when several gateways share servers of which some are slow for a while.
// Idea: the real balancers, each gateway with its own facts, in front of servers that are queues: first in, first out,
// one request at a time, exponential service times. Nothing else is made up, so that closed forms can be checked on it
// (one gateway, no slow servers: the supermarket model) before it is believed.
#pragma once

#include <string>

#include "contracts/balancer.h"

namespace weir {

struct FleetSettings {
  std::size_t servers = 100;
  std::size_t gateways = 16;
  double utilisation = 0.85;  ///< of what all servers could do if none were slow
  double service_ms = 10;     ///< mean
  double slow_part = 0.1;     ///< of the servers, another part every slow_seconds
  double slow_factor = 3;
  double slow_seconds = 5;
  std::uint64_t requests = 400'000;
  double probes_per_request = 0;  ///< servers that a gateway asks for their load beside each request
  bool probes_used = false;
  bool answers_report = false;  ///< servers report their load with every answer
  /// Queues at the beginning, from the stationary distribution of so many choices; 0: all empty.
  unsigned stationary_choices = 0;
  std::uint64_t seed = 1;
};

struct FleetOutcome {
  double mean_ms = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double p999_ms = 0;
};

/// Pure: the same settings give the same outcome.
FleetOutcome run_fleet(const Balancer& balancer, const FleetSettings& settings);

/// Mean time in the system of the supermarket model, in service times, for a load of lambda and one or two choices:
/// the sum over i of lambda^(2^i - 2) (Mitzenmacher 1996), or 1 / (1 - lambda).
double supermarket_mean(double lambda, unsigned choices);

}  // namespace weir
