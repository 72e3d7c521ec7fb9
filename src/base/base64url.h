// Base64url of RFC 4648 section 5 for texts, both ways; that of digests is in crypto.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// Without padding.
std::string base64url(std::string_view bytes);
/// With and without padding; nothing for all else.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace weir
