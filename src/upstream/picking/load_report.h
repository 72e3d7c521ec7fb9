// A server's report of its load, as it stands in a field of its answer.
//
//   endpoint-load-metrics: TEXT cpu_utilization=0.3, named_metrics.in_flight=12, named_metrics.latency_ms=8.5
//
// That is the text form of ORCA (Open Request Cost Aggregation); `TEXT` may be missing. Whatever else stands there is
// passed over: a server that writes nonsense is one that reports nothing.
#pragma once

#include <optional>
#include <string_view>

#include "contracts/balancer.h"
#include "http/fields.h"

namespace weir {

struct LoadReport {
  std::uint32_t load = 0;
  std::optional<std::uint32_t> latency_us;  ///< nothing: it does not say
};

/// What a server says of itself in the fields of an answer; nothing when its load is not there.
std::optional<LoadReport> report_in(const Fields& fields, const ReportRule& rule);

/// The value of a metric. \returns  nothing when it is not there, no number, or negative
std::optional<double> metric_of(std::string_view report, std::string_view name);

}  // namespace weir
