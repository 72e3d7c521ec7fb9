// When to come again, as a server says it: Retry-After (RFC 9110 section 10.2.3).
#pragma once

#include <optional>
#include <string_view>

#include "base/units.h"

namespace weir {

/// Seconds, or a date; nothing for all else. A date that is over is no time at all, and nobody waits longer than a
/// year.
std::optional<Duration> parse_retry_after(std::string_view value, WallTime now);

}  // namespace weir
