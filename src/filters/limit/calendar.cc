// Local dates by arithmetic; what a change of the offset does to them by looking at the changes around.
#include "filters/limit/calendar.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "runtime/file_content.h"

namespace weir::limit {
namespace {

constexpr std::int64_t day_seconds = 86'400;

/// The first moment at which local clocks show that midnight or anything later.
std::int64_t begin_of_day(const TimeZone& zone, std::int64_t day) {
  const std::int64_t midnight = day * day_seconds;
  std::int64_t from = midnight - TimeZone::offset_max - 1;  // nowhere is it so late already
  std::int32_t offset = zone.offset_at(from);
  for (const TimeZone::Change& change : zone.changes(from, midnight + TimeZone::offset_max + 1)) {
    const std::int64_t moment = std::max(from, midnight - offset);
    if (moment < change.at) return moment;
    from = change.at;
    offset = change.offset;
  }
  return std::max(from, midnight - offset);
}

struct Days {
  std::int64_t first;
  std::int64_t next;
};

/// The period of local days that a day lies in.
Days days_around(PeriodUnit unit, std::int64_t day) {
  if (unit == PeriodUnit::day) return {.first = day, .next = day + 1};
  if (unit == PeriodUnit::week) {
    const std::int64_t since_monday = day + 3 - floor_divided(day + 3, 7) * 7;  // 1970-01-01 was a Thursday
    return {.first = day - since_monday, .next = day - since_monday + 7};
  }
  const Date date = date_of(day);
  const bool december = date.month == 12;
  return {.first = days_of(date.year, date.month, 1),
          .next = days_of(december ? date.year + 1 : date.year, december ? 1 : date.month + 1, 1)};
}

/// Local clocks may go back over midnight: whoever has seen a day begin is in it.
Period by_days(const TimeZone& zone, PeriodUnit unit, std::int64_t moment) {
  Days days = days_around(unit, floor_divided(moment + zone.offset_at(moment), day_seconds));
  while (moment < begin_of_day(zone, days.first)) days = days_around(unit, days.first - 1);
  while (moment >= begin_of_day(zone, days.next)) days = days_around(unit, days.next);
  return {.begin = begin_of_day(zone, days.first), .end = begin_of_day(zone, days.next)};
}

/// Offsets change by whole hours nearly everywhere; where they do not, a period ends at the change.
Period by_clock(const TimeZone& zone, std::int64_t length, std::int64_t moment) {
  const std::int32_t offset = zone.offset_at(moment);
  const std::int64_t begin = floor_divided(moment + offset, length) * length - offset;
  Period period{.begin = begin, .end = begin + length};
  std::int32_t before = zone.offset_at(begin - 1);
  for (const TimeZone::Change& change : zone.changes(begin - 1, period.end)) {
    const bool moves_the_grid = (change.offset - before) % length != 0;
    before = change.offset;
    if (!moves_the_grid) continue;
    if (change.at <= moment) {
      period.begin = std::max(period.begin, change.at);
    } else {
      period.end = std::min(period.end, change.at);
    }
  }
  return period;
}

/// Nothing that could lead out of the folder.
bool is_zone_name(std::string_view name) {
  const bool good = std::ranges::all_of(name, [](char c) {
    return text::is_alpha(c) || text::is_digit(c) || c == '_' || c == '+' || c == '-' || c == '/';
  });
  return good && !name.empty() && name.size() <= 64 && !name.starts_with('/') && !name.contains("//");
}

}  // namespace

std::string_view name_of(PeriodUnit unit) {
  switch (unit) {
    case PeriodUnit::minute:
      return "minute";
    case PeriodUnit::hour:
      return "hour";
    case PeriodUnit::day:
      return "day";
    case PeriodUnit::week:
      return "week";
    case PeriodUnit::month:
      return "month";
  }
  return "";
}

Period period_at(const TimeZone& zone, PeriodUnit unit, std::int64_t moment) {
  if (unit == PeriodUnit::minute) return by_clock(zone, 60, moment);
  if (unit == PeriodUnit::hour) return by_clock(zone, 3600, moment);
  return by_days(zone, unit, moment);
}

Period Calendar::at(std::int64_t moment) const {
  const std::uint64_t last = last_.load(std::memory_order_relaxed);
  const Period known{.begin = static_cast<std::int64_t>(last >> length_bits),
                     .end = static_cast<std::int64_t>((last >> length_bits) + (last & ((1U << length_bits) - 1)))};
  if (moment >= known.begin && moment < known.end) [[likely]]
    return known;
  const Period period = period_at(zone_, unit_, moment);
  if (period.begin >= 0) {
    last_.store(
        static_cast<std::uint64_t>(period.begin) << length_bits | static_cast<std::uint64_t>(period.end - period.begin),
        std::memory_order_relaxed);
  }
  return period;
}

std::expected<TimeZone, std::string> load_time_zone(const std::string& name) {
  if (name == "UTC") return TimeZone();
  if (!is_zone_name(name)) return std::unexpected("is no name of a time zone");
  const auto file = read_file(fmt::format("{}/{}", zone_folder, name), limits::time_zone_bytes);
  if (!file) return std::unexpected(fmt::format("is not among the time zones in {} ({})", zone_folder, file.error()));
  auto zone = TimeZone::parse(file->bytes);
  if (!zone) return std::unexpected(std::string(zone.error()));
  return *std::move(zone);
}

}  // namespace weir::limit
