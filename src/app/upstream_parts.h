// The parts of an upstream that hang on more than its document: files beside the configuration, the fleet, what is kept
// over reloads.
//
// Idea: app/compile.cc puts a cluster together; what needs a page of its own to be made stands here.
#pragma once

#include "app/config/document.h"
#include "contracts/plugin.h"
#include "upstream/cluster.h"

namespace weir {

/// Those that are written, and the files that name others, watched from now on. \returns  false after an error
bool add_endpoints(const config::UpstreamDocument& upstream, BuildContext& context, ClusterSettings& settings);
/// Which part of them this gateway takes. \returns  false after an error
bool add_subset(const config::UpstreamDocument& upstream, BuildContext& context, ClusterSettings& settings);
/// \returns  null where clients need not come back
std::shared_ptr<const StickyRule> make_sticky(const config::UpstreamDocument& upstream, BuildContext& context);

/// Of an upstream that is not made anew: what is wrong with its files is told again, and that they were read is noted.
void look_at_endpoint_files(const config::UpstreamDocument& upstream, BuildContext& context);

}  // namespace weir
