// Who may be picked now, as lists that a pick needs no search in.
//
// Problem: which endpoints are available, of which priority and how near changes a few times a minute; asking all of
// them for every request would cost more than the request.
// Idea: endpoints are sorted into groups when something changes: by priority, and within one by the side of the zone
// they are on. A group takes as much of the traffic as it can bear: all of it while a good part of its weight is
// available, and when less is, the rest goes on to the next. With one priority and no zones there is one group.
//
//   share = min(what is left, 1.4 * available weight / weight); all shares together are stretched to 1.
//
// 1.4 is what Envoy calls its overprovisioning factor: a group with 71 % of its weight still takes everything. The near
// side takes no more than its zone keeps (contracts/zone_spill.h).
//
// A request that has tried them all goes to one that is ejected, if there is one: that it would fail there, too, is a
// guess. A panic is none of the roster's business (upstream/availability.h): it is told who is available.
//
// Invariants
//   (1) make() is a pure function of the facts and rules: the same lists in the same order.
//   (2) Members of a group rise by number; no group is empty; their shares sum up to 1.
#pragma once

#include "contracts/balancer.h"

namespace weir {

struct RosterRules {
  unsigned bearing_percent = 140;
  std::uint32_t zone_traffic_per_million = 0;  ///< of all requests to the upstream, those of this zone; 0: not known
  double near_in_flight = 0;  ///< of this core, per unit of weight: what the near side bears; 0: as many as come
};

class Roster {
 public:
  void make(std::span<const EndpointFacts> endpoints, const RosterRules& rules);

  /// The group that random bits fall on, by share; null when nobody may be picked.
  [[nodiscard]] const EndpointGroup* choose(std::uint64_t bits) const;
  /// The same, but for the other side of the zone when the near one is full.
  /// \param endpoints  as make() was given them, with their loads of now
  [[nodiscard]] const EndpointGroup* choose(std::uint64_t bits, std::span<const EndpointFacts> endpoints) const;
  [[nodiscard]] std::span<const EndpointGroup> groups() const { return {groups_.data(), count_}; }
  /// Whether any first try goes to groups()[at]; to the others go those that have tried all of these.
  [[nodiscard]] bool takes_traffic(std::size_t at) const {
    return count_ == 1 || share_upto_[at] > (at == 0 ? 0 : share_upto_[at - 1]);
  }
  /// Endpoints that may be picked, of all groups.
  [[nodiscard]] std::size_t members() const;

 private:
  struct Tier {
    std::uint64_t weight = 0;
    std::uint64_t available = 0;
  };
  EndpointGroup& group_for(const EndpointFacts& endpoint);
  void share_out(const RosterRules& rules);
  [[nodiscard]] double bearing(std::size_t at, const RosterRules& rules) const;
  [[nodiscard]] const EndpointGroup* far_side_of(const EndpointGroup& group) const;

  // Groups beyond count_ are kept for their memory.
  std::vector<EndpointGroup> groups_;
  std::vector<Tier> tiers_;
  std::vector<std::uint64_t> share_upto_;  // of 2^32, when there are several
  std::size_t count_ = 0;
  double near_in_flight_ = 0;
};

/// The whole pick, pure: a group by its share, then an endpoint by the balancer. When all were tried, one that is
/// ejected and was not; what was tried is picked again only when nothing else is left.
/// \param facts  but for its group
std::optional<Pick> pick(const Balancer& balancer, const Roster& roster, PickFacts& facts);

/// Why a pick left the gateway's zone: none_near (available), near_tried, near_full, near_share (what it brings is more
/// than its part of the servers, or than its healthy ones bear). Empty: it did not. Pure.
/// \param facts  after pick()
std::string_view spill_reason(const Roster& roster, const PickFacts& facts);

/// What an endpoint counts for while it warms up: rising from a tenth of its weight to all of it.
/// \param age  since it came (back); \param window  0: no warming up
std::uint32_t warm_weight(std::uint32_t weight, Duration age, Duration window);

/// Bounded loads: the load per unit of weight that is allowed for the next request, held as long as it may be. When it
/// followed the load exactly, every change of it by one would move keys that need not move (capacity hysteresis).
/// \param held  what was allowed so far; \param load  requests in flight, the next one included
/// \returns  between (1 + above/2) and (1 + above) times load / weight
double hold_level(double held, std::uint64_t load, std::uint64_t weight, double above);

}  // namespace weir
