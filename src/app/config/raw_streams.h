// How listeners of raw streams are written: `protocol: tcp` and its like.
//
// Idea: what stands at the listener is turned into routes, each with the proxy service and filters of its own, so that
// from here on a raw route is built as a route of HTTP is. One `proxy` at the listener is one route for everybody.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "app/config/document.h"
#include "server/raw_listener.h"

namespace weir::config {

struct RawRouteDocument {
  std::vector<std::pair<HostPattern, Place>> server_names;  ///< empty: whoever no other route takes
  std::shared_ptr<const RouteDocument> route;
};

struct RawDocument {
  std::vector<RawRouteDocument> routes;
  std::uint64_t connections_max = unbounded;
  RouteTimeouts timeouts;
};

const SchemaBase& raw_route_schema();
const SchemaBase& raw_timeouts_schema();

/// What the server calls it. \pre it is not http
RawProtocol raw_protocol_of(ListenerProtocol protocol);

/// Reads what `written` says of raw streams into the listener; complains about what only HTTP has.
bool settle_raw(const Node& written, const Reading& at, const PluginNames& names, ListenerDocument& listener);

/// Complains about options of raw streams where HTTP is spoken.
bool lacks_raw_options(const Node& written, const Reading& at);

}  // namespace weir::config
