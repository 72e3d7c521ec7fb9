// Places of digits, there and back.
#include "app/time_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/text.h"

namespace weir {
namespace {

/// Digits at a place of a date; -1 when they are none.
int number_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (text.size() < at + digits) return -1;
  const auto number = text::parse_decimal(text.substr(at, digits));
  return number ? static_cast<int>(*number) : -1;
}

}  // namespace

std::string time_text(WallTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(second)));
}

std::optional<WallTime> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto mark = [&](std::size_t at, char c) { return text.size() > at && text::lower(text[at]) == c; };
  if (!mark(4, '-') || !mark(7, '-') || !mark(10, 't') || !mark(13, ':') || !mark(16, ':')) return {};
  const year_month_day day{year{number_at(text, 0, 4)}, month{static_cast<unsigned>(number_at(text, 5, 2))},
                           std::chrono::day{static_cast<unsigned>(number_at(text, 8, 2))}};
  const int hour = number_at(text, 11, 2);
  const int minute = number_at(text, 14, 2);
  const int second = number_at(text, 17, 2);
  if (!day.ok() || day.year() < year{1970} || day.year() > year{2200}) return {};
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return {};
  std::size_t at = 19;
  if (mark(at, '.')) {
    ++at;
    const std::size_t first = at;
    while (at < text.size() && text::is_digit(text[at])) ++at;
    if (at == first) return {};
  }
  const sys_seconds local = sys_days{day} + hours{hour} + minutes{minute} + seconds{second};
  if (mark(at, 'z') && text.size() == at + 1) return WallTime{local};
  const bool behind = mark(at, '-');
  if ((!behind && !mark(at, '+')) || text.size() != at + 6 || !mark(at + 3, ':')) return {};
  const int offset_hours = number_at(text, at + 1, 2);
  const int offset_minutes = number_at(text, at + 4, 2);
  if (offset_hours < 0 || offset_hours > 23 || offset_minutes < 0 || offset_minutes > 59) return {};
  const seconds offset = hours{offset_hours} + minutes{offset_minutes};
  return WallTime{behind ? local + offset : local - offset};
}

}  // namespace weir
