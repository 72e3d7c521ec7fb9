// Host names as they stand in Host and in absolute targets (RFC 9110 section 7.2, RFC 3986 section 3.2.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"

namespace weir {

struct Authority {
  std::string_view text;  ///< host[:port] in lower case, brackets kept; a trailing dot of the name is dropped
  std::string_view host;  ///< name or address without brackets
  std::optional<std::uint16_t> port;
};

/// \errors  bad_host: user information, empty host, characters outside reg-name without escapes, a bad IPv6 literal, a
///          port that is not a number up to 65535
Result<Authority> parse_authority(std::string_view text, Arena& arena);

}  // namespace weir
