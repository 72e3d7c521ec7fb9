// The bounds of what Weir asks for itself: of certificate authorities, of those who say what a certificate is worth.
//
// They belong to base/limits.h and stand beside it, because nearly every file includes that one and few need these.
#pragma once

#include "base/limits.h"

namespace weir::limits {

/// Bytes of a URL that Weir asks for itself; those of authorities have 50 to 200 (RFC 9110 section 4.1 wants 8,000
/// understood by servers, which these are not).
inline constexpr std::size_t outgoing_url_bytes = 2048;

}  // namespace weir::limits
