// Routes as they stand in one file.
//
// Idea: reading a route depends on nothing but its node and the names of plug-ins, so that what was read for a file can
// be kept as long as the file stays the same. What depends on other files (does that upstream exist?) is in checks.h.
#pragma once

#include "app/config/document.h"
#include "contracts/diagnostics.h"

namespace weir::config {

/// The routes under `routes:` of one file. Routes with errors are in the list, as far as they could be read.
std::shared_ptr<const RouteFile> read_routes(const Node& node, const PluginNames& names, Diagnostics& diagnostics);

/// The options of a route and of its match, for generated documentation.
const SchemaBase& route_schema();
const Schema<MatchRule>& match_schema();

}  // namespace weir::config
