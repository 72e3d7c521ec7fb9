// The endpoints of an upstream at one moment, copied, so that a pick can be made from them anywhere.
//
// Idea: what a core would give its balancer is copied (ClusterState::lineup()), or made of what a configuration says,
// where nobody has looked at the endpoints yet and all are taken to be well and idle (lineup_of()). What would be
// picked from it says upstream/foresight.h.
//
// Invariants
//   (1) names, endpoints and standings have the same order: that of the core's candidates.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "contracts/roster.h"
#include "upstream/availability.h"

namespace weir {

class Cluster;  // upstream/cluster.h

struct Lineup {
  std::vector<std::string> names{};           ///< `10.0.0.11:8080`
  std::vector<EndpointFacts> endpoints{};     ///< as a balancer sees them
  std::vector<EndpointStanding> standings{};  ///< why they are used or not
  GroupVerdict verdict{};                     ///< on all of them together
  RosterRules rules{};
  std::shared_ptr<const BalancerTable> table{};
  std::vector<std::uint32_t> numbers{};  ///< of the table's entries, as in PickFacts
  double level = 0;                      ///< of bounded loads, for one request more
  Time now{};
  bool live = false;           ///< of a core that runs; otherwise as configured
  std::size_t unresolved = 0;  ///< configured names whose addresses are not known
  bool table_pending = false;  ///< one for these endpoints is being made; until it is there the former serves

  /// What a pick is made from; views into this.
  [[nodiscard]] PickFacts facts() const {
    return {.endpoints = endpoints, .now = now, .level = level, .table = table.get(), .numbers = numbers};
  }
};

/// As configured: literal addresses in their order, each once, chosen as the upstream's subset says.
Lineup lineup_of(const Cluster& cluster);

}  // namespace weir
