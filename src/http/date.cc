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

// ---- reading ----

namespace {

constexpr std::array<std::string_view, 7> long_days{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                    "Thursday", "Friday", "Saturday"};

/// Takes what a date is made of from the front; once something was missing, everything is.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  DateReader& text(std::string_view wanted) {
    if (!good_ || !rest_.starts_with(wanted)) return fail();
    rest_.remove_prefix(wanted.size());
    return *this;
  }
  template <std::size_t Count>
  DateReader& one_of(const std::array<std::string_view, Count>& words, unsigned& index) {
    for (index = 0; index < Count; ++index) {
      if (rest_.starts_with(words[index])) return text(words[index]);
    }
    return fail();
  }
  /// \param padded  a space may stand for a leading zero, as asctime writes days
  DateReader& digits(unsigned count, unsigned& number, bool padded = false) {
    number = 0;
    if (!good_ || rest_.size() < count) return fail();
    for (unsigned at = 0; at < count; ++at) {
      const char c = rest_[at];
      if (padded && at == 0 && c == ' ') continue;
      if (c < '0' || c > '9') return fail();
      number = number * 10 + static_cast<unsigned>(c - '0');
    }
    rest_.remove_prefix(count);
    return *this;
  }
  [[nodiscard]] bool at_end() const { return good_ && rest_.empty(); }

 private:
  DateReader& fail() {
    good_ = false;
    return *this;
  }

  std::string_view rest_;
  bool good_ = true;
};

struct DateParts {
  unsigned weekday = 0, day = 0, month = 0, year = 0, hour = 0, minute = 0, second = 0;

  DateReader& time(DateReader& reader) {
    return reader.digits(2, hour).text(":").digits(2, minute).text(":").digits(2, second);
  }
  /// Sun, 06 Nov 1994 08:49:37 GMT
  bool fixed(std::string_view text) {
    DateReader reader(text);
    reader.one_of(days, weekday).text(", ").digits(2, day).text(" ").one_of(months, month).text(" ").digits(4, year);
    return time(reader.text(" ")).text(" GMT").at_end();
  }
  /// Sunday, 06-Nov-94 08:49:37 GMT
  bool rfc_850(std::string_view text) {
    DateReader reader(text);
    reader.one_of(long_days, weekday)
        .text(", ")
        .digits(2, day)
        .text("-")
        .one_of(months, month)
        .text("-")
        .digits(2, year);
    year += year < 70 ? 2000 : 1900;
    return time(reader.text(" ")).text(" GMT").at_end();
  }
  /// Sun Nov  6 08:49:37 1994
  bool asctime(std::string_view text) {
    DateReader reader(text);
    reader.one_of(days, weekday).text(" ").one_of(months, month).text(" ").digits(2, day, true).text(" ");
    return time(reader).text(" ").digits(4, year).at_end();
  }
};

}  // namespace

std::optional<WallTime> parse_date(std::string_view text) {
  DateParts parts;
  if (!parts.fixed(text) && !parts.rfc_850(text) && !parts.asctime(text)) return {};
  const std::chrono::year_month_day day{std::chrono::year{static_cast<int>(parts.year)},
                                        std::chrono::month{parts.month + 1}, std::chrono::day{parts.day}};
  // A leap second is the next minute's first: nothing was modified in between.
  if (!day.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return {};
  // Nanoseconds in 64 bits end in 2262: what lies beyond is as far away as can be told.
  if (parts.year > 2261) return WallTime::max();
  return WallTime{std::chrono::sys_days{day}} + std::chrono::hours{parts.hour} + std::chrono::minutes{parts.minute} +
         std::chrono::seconds{parts.second};
}

}  // namespace weir
