// Stops asking those behind a route who fail or have become slow. What it decides is in overload/breaker.h; an
// upstream may have one of its own, for all routes together (`upstreams.NAME.circuit_breaker`).
#pragma once

#include "contracts/plugin.h"
#include "overload/circuit_breaker.h"

namespace weir {

class CircuitBreakerFilter final : public Filter {
 public:
  explicit CircuitBreakerFilter(CircuitBreaker breaker) : breaker_(std::move(breaker)) {}

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

  [[nodiscard]] const CircuitBreaker& breaker() const { return breaker_; }

 private:
  CircuitBreaker breaker_;
};

const FilterKind& circuit_breaker_filter();

}  // namespace weir
