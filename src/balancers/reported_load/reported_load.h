// By what servers say of their load themselves: hot-cold lanes over requests in flight and latency ("Prequal",
// Wydrowski and others, NSDI 2024).
//
// Problem: with several gateways each sees a part of a server's load; what a server really has in flight only it knows.
// Idea: servers tell their load with their answers, in the manner of ORCA: `endpoint-load-metrics: TEXT
// named_metrics.in_flight=3,named_metrics.latency_ms=12`. Two endpoints are drawn, and the one is picked where
// a request costs less: its latency as we have seen it, times what it has to do by its last report or our own count.
//
// Where servers are also asked beforehand (`probe`, upstream/load_prober.h), the reports at hand are split at a
// quantile of their loads: above it a server is hot. Of the cold ones the quickest is picked; when all are hot, the
// least loaded. In the fleet of `./dev bench lb` a fresh report is worth five times as much as one that came with an
// answer.
#pragma once

#include "contracts/plugin.h"

namespace weir {

struct LoadProbeOptions {
  std::string path;  ///< empty: nobody is asked
  std::string host;
  std::uint32_t per_request_percent = 300;  ///< the paper's three questions for each request
  Duration timeout = std::chrono::milliseconds{100};
  std::uint32_t kept = 16;
  std::uint32_t uses_max = 0;
  static const Schema<LoadProbeOptions>& schema();
};

struct ReportedLoadOptions {
  std::string header = "endpoint-load-metrics";
  std::string load = "named_metrics.in_flight";
  std::string latency = "named_metrics.latency_ms";
  Duration report_age_max = std::chrono::seconds{1};
  LoadProbeOptions probe;
  static const Schema<ReportedLoadOptions>& schema();
};

class ReportedLoad final : public Balancer {
 public:
  explicit ReportedLoad(const ReportedLoadOptions& options);
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override;
  [[nodiscard]] std::string_view name() const override { return "reported_load"; }
  [[nodiscard]] const ReportRule* reports() const override { return &rule_; }
  [[nodiscard]] Duration latency_decay() const override { return std::chrono::seconds{10}; }

 private:
  [[nodiscard]] std::optional<Pick> pick_of_reports(const PickFacts& facts) const;
  [[nodiscard]] std::optional<Pick> pick_of_two(const PickFacts& facts) const;

  [[nodiscard]] double cost_of(const EndpointFacts& endpoint, const PickFacts& facts) const;

  ReportRule rule_;
};

const BalancerKind& reported_load_balancer();

}  // namespace weir
