// A domain name, in the one form in which this program keeps it: lower case, no dot at the end.
//
// Invariants
//   (1) Each label has 1 to 63 bytes, all labels with their dots at most 253 (RFC 1035 section 2.3.4).
//   (2) Labels hold letters, digits, hyphens and underscores: what host names (RFC 1123 section 2.1) and names of
//       services (RFC 2782) are made of. Whatever else DNS could carry names no server that anybody connects to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::dns {

/// The kept form of what a person wrote; a dot at the end is allowed. Nothing when it is no name.
std::optional<std::string> canonical_name(std::string_view text);

/// Whether `label` may stand in a name.
bool is_label(std::string_view label);

/// How many dots it has: search lists go by that.
unsigned dots_in(std::string_view name);

}  // namespace weir::dns
