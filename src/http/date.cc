// The calendar arithmetic behind date.h, from <chrono>; no locale and no time zone is asked.
#include "http/date.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

class DateWriter {
 public:
  explicit DateWriter(DateText& date) : next_(date.data()) {}

  DateWriter& text(std::string_view text) {
    next_ = std::ranges::copy(text, next_).out;
    return *this;
  }
  DateWriter& two_digits(unsigned number) {
    *next_++ = static_cast<char>('0' + number / 10 % 10);
    *next_++ = static_cast<char>('0' + number % 10);
    return *this;
  }

 private:
  char* next_;
};

}  // namespace

DateText format_date(WallTime time) {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day day(midnight);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - midnight));
  const auto year = static_cast<unsigned>(static_cast<int>(day.year()));
  DateText date;
  DateWriter(date)
      .text(days[std::chrono::weekday(midnight).c_encoding()])
      .text(", ")
      .two_digits(static_cast<unsigned>(day.day()))
      .text(" ")
      .text(months[static_cast<unsigned>(day.month()) - 1])
      .text(" ")
      .two_digits(year / 100)
      .two_digits(year)
      .text(" ")
      .two_digits(static_cast<unsigned>(clock.hours().count()))
      .text(":")
      .two_digits(static_cast<unsigned>(clock.minutes().count()))
      .text(":")
      .two_digits(static_cast<unsigned>(clock.seconds().count()))
      .text(" GMT");
  return date;
}

}  // namespace weir
