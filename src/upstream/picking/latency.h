// What an endpoint's latency is believed to be: a mean that jumps up at once and forgets slowly ("peak EWMA", Finagle).
//
// Idea: a slow answer counts in full as soon as it is seen; quick ones pull the mean down with the time that has gone
// by, and so does silence, so that one who was slow is asked again some day.
#pragma once

#include <algorithm>
#include <cmath>

#include "contracts/balancer.h"

namespace weir {

inline double part_left(Duration age, Duration decay) {
  return std::exp(-std::max(0.0, static_cast<double>(age.count())) / static_cast<double>(decay.count()));
}

/// In microseconds, as it stands now.
inline double latency_now(const EndpointFacts& facts, Time now, Duration decay) {
  return facts.latency_us == 0 ? 0 : facts.latency_us * part_left(now - facts.latency_at, decay);
}

/// An answer took so long.
inline void observe_latency(EndpointFacts& facts, Duration took, Time now, Duration decay) {
  const double us = std::clamp(static_cast<double>(took.count()) / 1000, 1.0, 4e9);
  const double left = part_left(now - facts.latency_at, decay);
  const double mean = facts.latency_us * left + us * (1 - left);
  facts.latency_us = static_cast<std::uint32_t>(us > facts.latency_us ? us : std::max(mean, 1.0));
  facts.latency_at = now;
}

}  // namespace weir
