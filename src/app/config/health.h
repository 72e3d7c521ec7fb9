// `upstreams.NAME.health`, `.outliers` and `.panic_below`: how endpoints are found ill, and what is done about it.
#pragma once

#include "app/config/document.h"

namespace weir::config {

const Schema<HealthDocument>& health_schema();
const Schema<OutlierRules>& outliers_schema();

/// `30%`
bool read_percent(const Node& node, const Reading& reading, std::uint32_t& out);

}  // namespace weir::config
