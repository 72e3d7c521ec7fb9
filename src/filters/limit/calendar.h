// Minutes, hours, days, weeks and months of a place: when the present one began, and when it ends.
//
// Problem: a quota of a month ends with the month where the customer lives, also in the month that is an hour short.
// Idea: a period is the time between two beginnings. Minutes and hours begin where local clocks show a whole one; days,
// weeks (from Monday, ISO 8601) and months at the first moment at which local clocks show their first midnight or,
// where that midnight does not exist, later. Asked for the present moment all the time, it remembers the last answer.
//
// Invariants
//   (1) Every moment lies in exactly one period: begin <= moment < end, and the next one begins at `end`.
//   (2) at() is a pure function of the moment; what is remembered changes nothing but its time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "filters/limit/time_zone.h"

namespace weir::limit {

enum class PeriodUnit : std::uint8_t { minute, hour, day, week, month };

std::string_view name_of(PeriodUnit unit);

/// In seconds since 1970, UTC.
struct Period {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  friend bool operator==(const Period&, const Period&) = default;
};

/// \pre the moment is in the years 1900 to 9000
Period period_at(const TimeZone& zone, PeriodUnit unit, std::int64_t moment);

class Calendar {
 public:
  Calendar(TimeZone zone, PeriodUnit unit) : zone_(std::move(zone)), unit_(unit) {}

  [[nodiscard]] PeriodUnit unit() const { return unit_; }
  /// From any thread.
  [[nodiscard]] Period at(std::int64_t moment) const;

 private:
  // The begin in 40 bits, the length in 24: a month has 2,678,400 seconds.
  static constexpr unsigned length_bits = 24;

  TimeZone zone_;
  PeriodUnit unit_;
  mutable std::atomic<std::uint64_t> last_{0};
};

/// Where the system keeps its zones.
inline constexpr std::string_view zone_folder = "/usr/share/zoneinfo";

/// `Europe/Berlin` from the system's files; UTC is known without. \returns  or a sentence: is not ...
std::expected<TimeZone, std::string> load_time_zone(const std::string& name);

}  // namespace weir::limit
