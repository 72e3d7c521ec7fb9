// A small server to put a gateway in front of, for people who have none at hand.
#pragma once

#include "net/address.h"

namespace weir {

/// Serves until TERM or INT. \returns  0, or 1 when the address cannot be had
int serve_demo_origin(const Endpoint& address);

}  // namespace weir
