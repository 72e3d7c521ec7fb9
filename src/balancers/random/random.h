// Endpoints are drawn by lot, each as likely as its weight says.
//
// It needs nothing to be known and nothing to be kept in step, which is its only merit: loads are as uneven as luck has
// it (of a million requests on a million servers one gets nine). least_request draws two and takes the better one.
#pragma once

#include "contracts/plugin.h"

namespace weir {

class RandomBalancer final : public Balancer {
 public:
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override;
  [[nodiscard]] std::string_view name() const override { return "random"; }
  [[nodiscard]] PickBasis basis() const override { return PickBasis::chance; }
};

const BalancerKind& random_balancer();

}  // namespace weir
