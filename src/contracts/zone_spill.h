// How much of what a zone brings its own servers take, and when the rest goes to others. Pure.
//
// Problem: servers of the gateway's zone are preferred. Where a zone brings more requests than it has servers for, that
// preference makes them slow while those elsewhere idle.
// Idea: two rules, each for itself. By capacity: a zone that brings a third of all requests but has a sixth of all
// servers keeps half of what it brings (what Envoy calls zone-aware routing). By load: what is above so many requests
// in flight goes elsewhere, as long as it is easier there.
#pragma once

#include <algorithm>
#include <cstdint>

namespace weir {

/// The part of its requests that a zone keeps.
/// \param near, far  weights of the servers that are available, in the zone and elsewhere
/// \param traffic    of all requests to all of them, those that come through this zone: 0.33; 0: not known
constexpr double part_kept_near(double near, double far, double traffic) {
  if (traffic <= 0 || far <= 0) return 1;
  return std::min(1.0, near / (near + far) / traffic);
}

/// What one core knows of a side of the zone: weight of the servers that are available, and its requests there.
struct SideLoad {
  std::uint64_t weight = 0;
  std::uint64_t in_flight = 0;
};

/// Whether the next request is too much for the near side, and would find it easier on the other.
/// \param per_weight  requests in flight that a unit of weight bears; 0: as many as come
constexpr bool near_is_full(SideLoad near, SideLoad far, double per_weight) {
  if (per_weight <= 0 || far.weight == 0) return false;
  const bool above = static_cast<double>(near.in_flight + 1) > per_weight * static_cast<double>(near.weight);
  return above && far.in_flight * near.weight < near.in_flight * far.weight;
}

}  // namespace weir
