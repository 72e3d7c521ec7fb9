// Endpoints take turns, each as often as its weight says.
//
// Idea: a pure function of the turn. With equal weights the turn counts through the endpoints that may be picked. With
// others, every endpoint owns a stretch of a ring as long as its weight, and each turn steps on by about the golden
// ratio of the ring: since the step has no common divisor with the ring's length every point is met once per round, so
// shares are exact; since the ratio is golden the visits to a stretch are spread evenly instead of coming in a burst.
#pragma once

#include "contracts/plugin.h"

namespace weir {

class RoundRobin final : public Balancer {
 public:
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override;
  [[nodiscard]] std::string_view name() const override { return "round_robin"; }
  [[nodiscard]] PickBasis basis() const override { return PickBasis::turn; }
};

const BalancerKind& round_robin_balancer();

}  // namespace weir
