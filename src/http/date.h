// The time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate, RFC 9110 section 5.6.7).
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/units.h"

namespace weir {

using DateText = std::array<char, 29>;

/// Pure; a caller with many responses a second keeps the text for that second. Years 0 to 9999.
DateText format_date(WallTime time);

/// A date in any of the three forms that RFC 9110 section 5.6.7 knows: IMF-fixdate, RFC 850 (two digits of a year,
/// taken as 1970 to 2069) and asctime; nothing for anything else, dates that no calendar has included.
std::optional<WallTime> parse_date(std::string_view text);

inline std::string_view view_of(const DateText& date) {
  return {date.data(), date.size()};
}

}  // namespace weir
