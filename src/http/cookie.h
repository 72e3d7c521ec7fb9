// Cookies of a request, by name, without a list of them being made.
//
// A client sends the same name twice when two paths or domains have one: which comes first says little, so that all
// are offered. HTTP/2 may split the field into lines (RFC 9113 section 8.2.3).
#pragma once

#include <string_view>

#include "base/text.h"
#include "http/fields.h"

namespace weir {

/// Calls `take(value)` for each cookie of that name, in their order, until it returns true.
/// What is no pair is passed over; a value is as it came, quotes included.
/// \returns  whether one was taken
/// \source   RFC 6265 section 4.2.1
template <typename Take>
bool find_cookie(const Fields& fields, std::string_view name, Take take) {
  for (const Field& field : fields) {
    if (field.id != FieldName::cookie) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = text::trim(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
      if (take(pair.substr(equals + 1))) return true;
    }
  }
  return false;
}

}  // namespace weir
