// One exchange as one line of an access log. Pure: text in, text out.
#pragma once

#include <string>
#include <string_view>

#include "contracts/exchange.h"
#include "observers/access_log/line_buffer.h"

namespace weir {

/// The wall clock as logs write it; keeps the text of the second, since formatting a date costs more than a line
/// should.
class LogClock {
 public:
  /// `2026-11-20T16:00:00.123Z` (RFC 3339)
  [[nodiscard]] std::string_view rfc3339(WallTime time);
  /// `20/Nov/2026:16:00:00 +0000` (Apache)
  [[nodiscard]] std::string_view apache(WallTime time);

 private:
  std::int64_t rfc3339_second_ = -1;
  std::int64_t apache_second_ = -1;
  std::string rfc3339_;
  std::string apache_;
};

/// Adds one line of JSON, line end included, and flushes. Flat keys; durations in seconds; a key whose value is not
/// known is absent. Reads nothing of the exchange's snapshot: a tunnel has let go of it.
/// \param end  when the exchange ended
void append_json_line(LineBuffer& out, const Exchange& exchange, const Delivery& delivery, std::string_view end);

/// Adds one line of the format Apache calls combined, and flushes.
void append_combined_line(LineBuffer& out, const Exchange& exchange, const Delivery& delivery, std::string_view end);

}  // namespace weir
