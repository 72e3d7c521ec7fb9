// The page behind /metrics: every core's cells, added up.
#pragma once

#include <string>

#include "app/process/operations.h"
#include "observers/access_log/access_log.h"
#include "observers/heavy_traffic/heavy_traffic.h"
#include "observers/route_metrics/route_metrics.h"

namespace weir {

/// What the page tells of. Null where there is none.
struct MetricsSources {
  const Operations& operations;
  const RouteMetrics* routes = nullptr;
  const AccessLog* access_log = nullptr;
  const HeavyTraffic* heavy = nullptr;
  Time now{};  ///< of the core that is asked
};

/// From any thread: reads single-writer cells, and /proc about the process.
std::string metrics_page(const MetricsSources& sources);

}  // namespace weir
