// Proxy-Status: what Weir says to the client about how it handled the request (RFC 9209).
#pragma once

#include <string_view>

#include "contracts/exchange.h"

namespace weir {

/// The registered error type that comes nearest (RFC 9209 section 2.3); empty for what has none. Pure.
std::string_view proxy_error_type(const Error& error);

/// Adds the field to Weir's own error answer, unless `stories.proxy_status` is off.
void tell_proxy_error(const Exchange& exchange, const Error& error, ResponseHead& head);

/// Adds Weir behind what proxies further up have said, to an answer that an upstream gave; only when
/// `stories.proxy_status` is `all`. Names the upstream as the configuration does, unless that is an address.
/// \param received  the status as it came
void tell_proxied(const Exchange& exchange, Status received, ResponseHead& head);

}  // namespace weir
