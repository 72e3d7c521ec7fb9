// What a request looks like to the upstream: which fields stay, which go, and which say where it has been.
//
// Pure: a head in, a head out; texts that are added live in the arena, all others are views of what came in.
//
//   host        the authority of the request: the client's, or what a rewrite put there
//   expect      goes on only when there is a body to wait with
//   upgrade     only when the route allows it; otherwise the request goes on in HTTP/1.1 (RFC 9110 section 7.8)
//   client-cert, client-cert-chain    never a client's; written anew where the configuration wants it (RFC 9440)
//   client_cert, x_forwarded_for ...  never: what only Weir tells has no second spelling
//   x-forwarded-*, forwarded, via, cdn-loop, x-request-id    by `forwarded:` of the configuration
#pragma once

#include "contracts/exchange.h"
#include "http/forwarded.h"

namespace weir {

struct ForwardingFacts {
  const ForwardedSettings& settings;
  ForwardingHop hop;  ///< its authority is found here: what the client asked for
  std::string_view request_id;
  bool upgrade_allowed = false;
  bool has_body = false;
  std::string_view client_certificate{};  ///< verified, DER; empty: there is none, or nobody is to be told
  bool came_early = false;                ///< before the handshake with the client was over (RFC 8470)
};

/// \returns  the head to send, in the arena
const RequestHead& compose_upstream_head(const RequestHead& request, const ForwardingFacts& facts, Arena& arena);

/// `request`, as part of this exchange or instead of its own: with the hop it came over and the rules of its snapshot.
const RequestHead& compose_upstream_head(const RequestHead& request, const Exchange& exchange, Arena& arena,
                                         bool upgrade_allowed);

/// host[:port] as the client asked for it. The session takes Host out of the fields; whoever changes request.authority
/// leaves the former one there as `host`.
std::string_view authority_asked_for(const RequestHead& request);

}  // namespace weir
