// Of two endpoints drawn by lot, the one where a request would cost less: its latency times those before it.
//
// Problem: counting requests in flight finds out that a server is slow only when many wait there; with few requests for
// each server of a large fleet it never does.
// Idea: the cost is (peak EWMA of the latency) * (in flight + 1) / weight (upstream/picking/latency.h). One that has
// not answered yet costs nothing while nobody is there, and then much: it is tried by one, not by all at once.
#pragma once

#include "contracts/plugin.h"

namespace weir {

class PeakEwma final : public Balancer {
 public:
  explicit PeakEwma(Duration decay) : decay_(decay) {}
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override;
  [[nodiscard]] std::string_view name() const override { return "peak_ewma"; }
  [[nodiscard]] Duration latency_decay() const override { return decay_; }

 private:
  Duration decay_;
};

const BalancerKind& peak_ewma_balancer();

}  // namespace weir
