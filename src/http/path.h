// The one canonical form of a path.
//
// Problem: a gateway that routes one spelling of a path and forwards another is how /admin gets open by /x/..%2fadmin.
// Idea: one policy, applied once, before routing; the same bytes are routed and forwarded.
//
// The policy (docs/paths.md)
//   - percent-escapes of unreserved characters (letters, digits, - . _ ~) are decoded; all others stay escaped with
//     upper-case digits (RFC 3986 section 6.2.2); so %2e is a dot and %2F stays an escaped slash that separates
//     nothing;
//   - "." and ".." segments are removed (RFC 3986 section 5.2.4); climbing above the root is refused;
//   - empty segments ("//") collapse; a trailing slash stays;
//   - malformed escapes, %00, control characters and bytes above 0x7E are refused; so is a backslash, raw or escaped,
//     because some servers take it for a slash.
#pragma once

#include <string_view>

#include "base/arena.h"
#include "base/result.h"

namespace weir {

/// \param path  of a request target: begins with '/', no '?' and no '#'
/// \returns  the canonical path: a view of `path` itself when it was canonical already, else a copy in the arena
/// \errors   bad_path (origin client)
Result<std::string_view> canonical_path(std::string_view path, Arena& arena);

}  // namespace weir
