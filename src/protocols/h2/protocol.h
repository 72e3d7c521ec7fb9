// HTTP/2 as a protocol: both sides.
#pragma once

#include "upstream/negotiated_protocol.h"

namespace weir::h2 {

/// Serves connections that begin with client_preface.
const ServerProtocol& server_protocol();
/// Speaks HTTP/2 to upstreams that are known to (`protocol: h2c`).
const ClientProtocol& client_protocol();
/// Speaks it on connections that stand, and on which both sides have agreed on it.
std::unique_ptr<SharedSessions> shared_sessions(Shard& shard, const UpstreamAddress& address,
                                                std::shared_ptr<const ClientProtocol> detour);

}  // namespace weir::h2
