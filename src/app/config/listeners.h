// Reading `listeners`.
#pragma once

#include <vector>

#include "app/config/document.h"

namespace weir::config {

bool read_listeners(const Node& node, const Reading& reading, const PluginNames& names,
                    std::vector<ListenerDocument>& listeners);

}  // namespace weir::config
