// What proxies tell each other about the client, and how much of it is believed.
//
// Problem: X-Forwarded-For and Forwarded are written by anybody. Whoever believes too much lets a client choose its own
// address; whoever believes too little rate-limits the load balancer.
// Idea: a list is believed from its right end, entry by entry, as long as the one who wrote it is a trusted proxy: the
// first address that is not trusted is the client. What an untrusted neighbour says is thrown away before anything is
// added. Pure functions; the fields' arena keeps the texts.
//
// Source: RFC 7239 (Forwarded), RFC 9110 section 7.6.3 (Via), RFC 8586 (CDN-Loop).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "http/fields.h"
#include "http/message.h"
#include "net/address.h"

namespace weir {

/// The hop a request just came over.
struct ForwardingHop {
  IpAddress peer;              ///< the other end of the socket
  bool over_unix = false;      ///< then peer says nothing
  bool peer_trusted = false;   ///< what the peer wrote about earlier hops is kept
  std::string_view scheme;     ///< "http" or "https", as the peer spoke it
  std::string_view authority;  ///< host[:port] the request asked for; may be empty
  std::uint16_t port = 0;      ///< of our listener; 0 when it has none
};

/// The client's address: `peer` itself, or, behind trusted proxies, the right-most address they did not vouch for.
/// Walks X-Forwarded-For when present, else Forwarded; stops at the first entry that is not an address, since what
/// stands left of it is hearsay.
IpAddress find_client(const IpAddress& peer, bool peer_trusted, const Fields& fields, const std::vector<Cidr>& trusted);

/// Takes out everything a client could claim about itself: Forwarded, X-Forwarded-*, X-Real-IP.
void strip_forwarded(Fields& fields);

/// Which of the two families goes upstream. `forwarded:` in the configuration.
struct ForwardingPolicy {
  bool x_forwarded = true;
  bool forwarded = false;
};

/// Tells the upstream whom the request comes from. What an untrusted peer claimed goes first, of both families,
/// whatever the policy; then the peer is appended to X-Forwarded-For and Forwarded. X-Forwarded-Proto, -Host and -Port
/// are set where nobody trusted has set them: they describe what the first hop was asked.
void forward_client(Fields& fields, const ForwardingHop& hop, const ForwardingPolicy& policy);

/// Appends `1.1 pseudonym` to Via. \param version  in which the message was received
void append_via(Fields& fields, Version version, std::string_view pseudonym);

/// Appends ourselves to CDN-Loop.
void append_cdn_loop(Fields& fields, std::string_view pseudonym);

/// Whether Via or CDN-Loop shows that the message has been here before. \param pseudonym  ours, a token
bool has_passed(const Fields& fields, std::string_view pseudonym);

}  // namespace weir
