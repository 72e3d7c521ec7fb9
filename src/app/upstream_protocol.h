// What an upstream speaks, over TLS where that is asked for, and how its connections begin.
#pragma once

#include "app/config/document.h"
#include "contracts/plugin.h"
#include "upstream/cluster.h"

namespace weir {

/// \returns  false after an error
bool choose_protocol(const config::UpstreamDocument& upstream, BuildContext& context, WallTime now,
                     ClusterSettings& settings);
/// Behind choose_protocol(). \returns  false after an error
bool choose_introduction(const config::UpstreamDocument& upstream, BuildContext& context, ClusterSettings& settings);
/// Whether servers can be asked for their load, where they are. Behind choose_introduction(). \returns  false after an
/// error
bool may_be_asked(const config::UpstreamDocument& upstream, BuildContext& context, const ClusterSettings& settings);

}  // namespace weir
