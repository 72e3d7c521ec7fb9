// An absolute http:// or https:// URL of somebody whom Weir itself asks.
//
// Read strictly: what could mean two things (user names, fragments, spaces, control characters) is no URL here. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/address.h"

namespace weir {

struct Url {
  bool secured = false;
  Endpoint server;     ///< host in lower case, and port
  std::string target;  ///< path and query; at least "/"

  /// What the Host field says: the port only where it is not the scheme's own.
  [[nodiscard]] std::string authority() const;
  [[nodiscard]] std::string text() const;
  friend bool operator==(const Url&, const Url&) = default;
};

/// \returns  nothing for anything else, or beyond limits::outgoing_url_bytes
std::optional<Url> parse_url(std::string_view text);

/// For an option: why it is no such URL; empty when it is one.
std::string url_complaint(const std::string& text);

}  // namespace weir
