// The bounds of what Weir asks for itself: of certificate authorities, of those who say what a certificate is worth.
//
// They belong to base/limits.h and stand beside it, because nearly every file includes that one and few need these.
#pragma once

#include "base/limits.h"

namespace weir::limits {

/// Bytes of a URL that Weir asks for itself; those of authorities have 50 to 200 (RFC 9110 section 4.1 wants 8,000
/// understood by servers, which these are not).
inline constexpr std::size_t outgoing_url_bytes = 2048;
/// What an authority for certificates (ACME) says: bytes of one text, members of one list. An order has as many
/// authorizations as names, and those have three or four challenges each.
inline constexpr std::size_t acme_text_bytes = 4096;
inline constexpr std::size_t acme_list = 128;
/// Bytes of a token; those of Let's Encrypt have 43.
inline constexpr std::size_t acme_token_bytes = 128;
/// Names of one certificate: what Let's Encrypt takes.
inline constexpr std::size_t acme_names = 100;
/// Times that a request is sent again because its nonce was not taken (RFC 8555 section 6.5). Pebble refuses one in
/// twenty on purpose; a dozen in a row is somebody who refuses them all.
inline constexpr unsigned acme_nonce_retries = 12;
/// Orders of one process that are on their way at once: an authority counts requests of one address.
inline constexpr unsigned acme_orders_at_once = 4;
/// Names of one listener that are had on demand, and that are remembered as refused; some 20 KiB and 100 bytes each.
inline constexpr std::size_t acme_on_demand_names = 10'000;
/// Questions to an endpoint that says which names may be had, at once.
inline constexpr unsigned acme_asking_at_once = 16;
/// Looks at an order that is not decided, one to ten seconds apart.
inline constexpr unsigned acme_polls = 60;

}  // namespace weir::limits
