// Whether a connection is passed on as bytes: then there is no HTTP, and what it speaks stands where its scheme would.
#pragma once

#include "contracts/exchange.h"

namespace weir {

/// `tcp`, `tls_passthrough`, `udp`, and not `http` or `https`.
inline bool is_raw(const ConnectionFacts& connection) {
  return !connection.scheme.starts_with("http");
}

}  // namespace weir
