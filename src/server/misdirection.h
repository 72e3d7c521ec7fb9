// Whether a request belongs on the TLS connection that it came through.
//
// Problem: a client may use a connection for every host that the certificate it was shown covers (RFC 9113 section
// 9.1.1), and some use it for others by mistake; what one name is promised (a certificate, later a client's) must not
// be gone round by asking for another.
// Idea: the host has to be one for which the same set of certificates is shown as the one that the handshake's name
// chose. Whoever asked for no name is not judged: it was shown the default.
#pragma once

#include <cstdint>
#include <string_view>

#include "contracts/exchange.h"

namespace weir {

struct MisdirectionFacts {
  bool named = false;               ///< the handshake asked for a name (SNI)
  bool same_name = false;           ///< and the request's host is that name
  std::uint32_t shown = 0;          ///< the set of certificates that the client was shown
  std::uint32_t host_is_shown = 0;  ///< the set that the request's host would be
};

struct MisdirectionVerdict {
  bool misdirected = false;
  std::string_view reason;  ///< static
};

/// Pure.
MisdirectionVerdict decide(const MisdirectionFacts& facts);

/// Decides, and leaves a record when the request is refused. \pre the connection speaks TLS
bool is_misdirected(Exchange& exchange);

}  // namespace weir
