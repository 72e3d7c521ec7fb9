// How far local clocks are ahead of UTC, and when that changes.
//
// Problem: a day of New York begins at another moment than a day of UTC, twice a year an hour earlier or later; and the
// rules change when governments say so.
// Idea: the system's own files of zones (/usr/share/zoneinfo, RFC 8536), which its updates keep true: a list of moments
// at which the offset changed, and behind the last one a rule for all years to come. Parsed once, from bytes, strictly;
// asking is a search in a sorted list. The C library's localtime() knows one zone for the process, in the environment.
//
// Invariants
//   (1) Changes are in ascending order.
//   (2) No offset is further than 26 hours from UTC.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::limit {

/// The rule behind the last change: `CET-1CEST,M3.5.0,M10.5.0/3` (RFC 8536 section 3.3.1).
struct ZoneRule {
  /// A day of each year, and a time on it.
  struct Day {
    enum class Kind : std::uint8_t { month_week_day, julian, day_of_year };
    Kind kind = Kind::month_week_day;
    std::int32_t month = 1;
    std::int32_t week = 1;  ///< 5: the last
    std::int32_t day = 0;   ///< of the week from Sunday; of the year from 1 without February 29th, or from 0
    std::int32_t seconds = 2 * 3600;
  };
  std::int32_t standard = 0;
  bool has_summer = false;
  std::int32_t summer = 0;
  Day summer_begins;
  Day summer_ends;
};

/// \returns  or nothing when the text is none
std::optional<ZoneRule> parse_zone_rule(std::string_view text);

class TimeZone {
 public:
  /// UTC.
  TimeZone() = default;
  /// \param file  the bytes of a TZif file. \returns  or a sentence
  static std::expected<TimeZone, std::string_view> parse(std::string_view file);

  /// A moment from which on the offset is another one. All times in seconds since 1970 in UTC.
  struct Change {
    std::int64_t at = 0;
    std::int32_t offset = 0;
    friend bool operator==(const Change&, const Change&) = default;
  };

  /// Seconds to be added to UTC.
  [[nodiscard]] std::int32_t offset_at(std::int64_t moment) const;
  /// The changes behind `from` and not behind `to`, in order. \pre they are less than some years apart
  [[nodiscard]] std::vector<Change> changes(std::int64_t from, std::int64_t to) const;

  static constexpr std::int32_t offset_max = 26 * 3600;

 private:
  std::int32_t first_offset_ = 0;
  std::vector<Change> changes_;
  std::optional<ZoneRule> rule_;
};

/// The days since 1970-01-01 of a date of the Gregorian calendar.
std::int64_t days_of(std::int64_t year, std::int32_t month, std::int32_t day);
struct Date {
  std::int64_t year = 1970;
  std::int32_t month = 1;
  std::int32_t day = 1;
};
Date date_of(std::int64_t days);

/// Rounded towards the past, as calendars do.
constexpr std::int64_t floor_divided(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

}  // namespace weir::limit
