// The header that a connection has to begin with when it comes from a proxy that passes bytes on.
//
// Problem: whoever may send such a header chooses who he is. Idea: it is asked for by the address that a connection
// comes from, never guessed from its bytes. From the sources that a listener names one must come, before TLS and
// before the first byte of HTTP; from all others none may, and what looks like one is a malformed request there.
//
// Invariants
//   (1) awaits_header() is pure; what the client sends has no part in it.
//   (2) No byte behind the header is taken: it stays unread in the inbox.
#pragma once

#include <vector>

#include "net/inbox.h"
#include "net/proxy_protocol.h"

namespace weir {

/// Whose connections begin with a header. `listeners[].proxy_protocol`.
struct ProxySenders {
  bool all = false;  ///< of a unix socket: whoever may open it
  std::vector<Cidr> blocks;
  /// From the connection's begin to the end of the header. The specification (section 2) asks for at least 3 s, which a
  /// segment that is lost and sent again takes.
  Duration timeout = std::chrono::seconds{5};
};

/// Whether a connection from `peer` has to begin with a header.
bool awaits_header(const ProxySenders& senders, const ClientAddress& peer);

/// What became of waiting for it.
struct HeardHeader {
  bool good = false;
  proxy_protocol::Header header;
  proxy_protocol::Refusal why{};  ///< when it is not good
  bool silent = false;            ///< nothing came at all: somebody only looked whether the port is open
};

/// Waits for the header and takes it. \param patience  for all of it
Task<HeardHeader> hear_proxy_header(Inbox& inbox, Duration patience);

}  // namespace weir
