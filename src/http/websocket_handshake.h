// The handshake of WebSocket: what HTTP/1 needs to prove and HTTP/2 does not (RFC 6455 section 4, RFC 8441 section 5).
//
// Idea: where one side of a tunnel speaks HTTP/1 and the other HTTP/2, the gateway says what the other cannot: it makes
// a key for a server that wants one, and the accept value for a client that gave one.
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"

namespace weir::websocket {

/// As `Upgrade` and `:protocol` name it.
inline constexpr std::string_view protocol = "websocket";
inline constexpr std::string_view key_field = "sec-websocket-key";
inline constexpr std::string_view accept_field = "sec-websocket-accept";

/// A nonce of 16 bytes in base64.
std::string make_key(Random& random);
/// What a server that has understood answers to `key`.
std::string accept_of(std::string_view key);

}  // namespace weir::websocket
