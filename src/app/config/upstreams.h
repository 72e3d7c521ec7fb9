// The section `upstreams`: groups of servers, by name.
#pragma once

#include <vector>

#include "app/config/document.h"
#include "app/config/plugin_use.h"
#include "upstream/cluster.h"

namespace weir::config {

/// An upstream's options but for its balancer, which needs the names there are.
const Schema<UpstreamDocument>& upstream_schema();

/// One item of `endpoints`, or of a file of them; appended when it is good.
bool read_endpoint(const Node& node, const Reading& reading, std::vector<EndpointDocument>& endpoints);
/// \pre  it is not a file
ClusterEndpoint endpoint_of(const EndpointDocument& written);

/// Appends what was read, also with errors: routes may name it.
bool read_upstreams(const Node& node, const Reading& reading, const PluginNames& names,
                    std::vector<UpstreamDocument>& upstreams);

}  // namespace weir::config
