// Moments as people and programs write them: `2026-11-29T02:47:00Z` (RFC 3339).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"

namespace weir {

/// In UTC, whole seconds.
std::string time_text(WallTime time);

/// Fractions and offsets included; nothing for all else. Pure.
std::optional<WallTime> parse_time(std::string_view text);

}  // namespace weir
