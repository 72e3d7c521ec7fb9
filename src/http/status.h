// Response status codes: their standard phrases and their framing (RFC 9110 section 15).
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

using Status = std::uint16_t;

/// The standard reason phrase, empty for codes nobody registered.
std::string_view phrase_of(Status status);

constexpr bool is_interim(Status status) {
  return status >= 100 && status < 200;
}
/// 1xx, 204 and 304 never have content (RFC 9112 section 6.3).
constexpr bool has_no_content(Status status) {
  return is_interim(status) || status == 204 || status == 304;
}

}  // namespace weir
