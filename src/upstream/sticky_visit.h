// One request of an upstream whose clients come back: what its cookie says, endpoint by endpoint, and the answer's.
#pragma once

#include <string_view>

#include "contracts/exchange.h"
#include "upstream/cluster_state.h"
#include "upstream/sticky.h"

namespace weir {

class StickyVisit {
 public:
  /// Reads the request's cookie. \param rule, cluster_place  of the configuration the exchange holds
  StickyVisit(const StickyRule& rule, Exchange& exchange, Place cluster_place);
  StickyVisit(const StickyVisit&) = delete;
  StickyVisit& operator=(const StickyVisit&) = delete;

  /// Before a try. Leaves a record of the room "sticky".
  /// \param failed_pool  the pool that the request was at before; 0: none
  /// \returns  the endpoint to stay at; null: the balancer picks, or nobody may answer, see refused()
  Pool* choose(ClusterState& state, std::uint64_t failed_pool);
  [[nodiscard]] bool refused() const { return verdict_.action == StickyAction::refuse; }
  /// Why, for the client.
  static Error refusal();
  /// Another endpoint beside this one would not know the client.
  [[nodiscard]] bool stays() const { return verdict_.action == StickyAction::keep; }
  /// ... nor may one be tried after it.
  [[nodiscard]] bool bound() const { return stays() && rule_.options().on_failure == StickyOptions::OnFailure::refuse; }

  /// Lets the answer carry a cookie when the endpoint that gave it is not the one of the request's.
  void remember(Answer& answer) const;

 private:
  [[nodiscard]] StickyFacts facts(const ClusterState& state, std::optional<std::uint32_t> number,
                                  std::uint64_t failed_pool) const;

  void count() const;
  [[nodiscard]] StickyCounts::Core& counts() const { return rule_.counts().core(exchange_.shard.id); }

  const StickyRule& rule_;
  Exchange& exchange_;
  Place place_;
  StickyRule::Read read_;
  StickyVerdict verdict_;
};

}  // namespace weir
