// HTTP/2 as a protocol: both sides.
#pragma once

#include "contracts/session.h"

namespace weir::h2 {

/// Serves connections that begin with client_preface.
const ServerProtocol& server_protocol();
/// Speaks HTTP/2 to upstreams that are known to (`protocol: h2c`).
const ClientProtocol& client_protocol();

}  // namespace weir::h2
