// The least loaded of a few endpoints that are drawn by lot.
//
// Problem: asking all endpoints for their load costs time, and sends everybody to the same one at once.
// Idea: two are drawn, by weight, and the one with fewer requests in flight for its weight is taken ("the power of two
// choices": Mitzenmacher 1996). The longest line shrinks from log n / log log n to log log n; more draws bring little.
#pragma once

#include "contracts/plugin.h"

namespace weir {

class LeastRequest final : public Balancer {
 public:
  explicit LeastRequest(std::uint32_t choices) : choices_(choices) {}
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override;
  [[nodiscard]] std::string_view name() const override { return "least_request"; }

 private:
  std::uint32_t choices_;
};

const BalancerKind& least_request_balancer();

}  // namespace weir
