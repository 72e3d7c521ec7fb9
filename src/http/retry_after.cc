// A number first, since that is what most say.
#include "http/retry_after.h"

#include <algorithm>

#include "base/text.h"
#include "http/date.h"

namespace weir {

std::optional<Duration> parse_retry_after(std::string_view value, WallTime now) {
  constexpr std::uint64_t most = 86'400ULL * 365;
  if (const auto whole = text::parse_decimal(value)) return std::chrono::seconds{std::min(*whole, most)};
  const auto date = parse_date(value);
  if (!date) return {};
  return std::clamp<Duration>(*date - now, Duration::zero(), std::chrono::seconds{most});
}

}  // namespace weir
