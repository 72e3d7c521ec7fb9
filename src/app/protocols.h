// The protocols that clients are served in, put together.
#pragma once

#include "contracts/session.h"

namespace weir {

/// HTTP/1, and HTTP/2 with those who begin with it.
const ServerProtocol& client_protocols();

}  // namespace weir
