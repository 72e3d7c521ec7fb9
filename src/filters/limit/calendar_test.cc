// Local periods: against the C library's clocks in many zones, at the edges where clocks change, and as a partition of
// time.
#include "filters/limit/calendar.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <random>

#include "runtime/file_content.h"

namespace weir::limit {
namespace {

constexpr std::array zones{"UTC",
                           "Europe/Berlin",
                           "Europe/London",
                           "Europe/Dublin",  // summer is standard there
                           "America/New_York",
                           "America/St_Johns",  // changed at one minute past midnight
                           "America/Sao_Paulo",
                           "America/Havana",    // changes at midnight
                           "America/Santiago",  // changes at the midnight before a Sunday
                           "America/Nuuk",      // changes on Saturday evening
                           "Africa/Cairo",
                           "Africa/Casablanca",  // Ramadan, listed up to 2087
                           "Asia/Kathmandu",     // 5:45 ahead
                           "Asia/Tehran",
                           "Asia/Gaza",
                           "Australia/Lord_Howe",  // changes by half an hour
                           "Pacific/Apia",         // left out a day in 2011
                           "Pacific/Chatham"};

constexpr std::array units{PeriodUnit::minute, PeriodUnit::hour, PeriodUnit::day, PeriodUnit::week, PeriodUnit::month};

TimeZone zone_of(const std::string& name) {
  auto zone = load_time_zone(name);
  EXPECT_TRUE(zone.has_value()) << name << ' ' << zone.error();
  return zone.value_or(TimeZone());
}

/// What the C library says, which has one zone at a time.
class Library {
 public:
  explicit Library(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  ~Library() {
    ::unsetenv("TZ");
    ::tzset();
  }
  static std::tm local(std::int64_t moment) {
    std::tm shown{};
    const std::time_t seconds = moment;
    ::localtime_r(&seconds, &shown);
    return shown;
  }
};

std::int64_t utc(int year, int month, int day, int hour = 0, int minute = 0) {
  return days_of(year, month, day) * 86'400 + hour * 3600 + minute * 60;
}

// 1970 to 2105: listed changes and those of the rule behind them.
std::int64_t random_moment(std::mt19937_64& random) {
  return std::uniform_int_distribution<std::int64_t>(0, utc(2105, 1, 1))(random);
}

TEST(TimeZone, says_what_the_c_library_says) {
  std::mt19937_64 random(5);
  for (const char* const name : zones) {
    const TimeZone zone = zone_of(name);
    const Library library(name);
    for (int round = 0; round < 20'000; ++round) {
      const std::int64_t moment = random_moment(random);
      ASSERT_EQ(zone.offset_at(moment), Library::local(moment).tm_gmtoff) << name << " at " << moment;
    }
  }
}

// A change is where it is said to be: one second before, another offset holds.
TEST(TimeZone, lists_every_change) {
  for (const char* const name : zones) {
    const TimeZone zone = zone_of(name);
    const Library library(name);
    for (int year = 1995; year < 2060; ++year) {
      std::int64_t from = utc(year, 1, 1);
      for (const TimeZone::Change& change : zone.changes(from, utc(year + 1, 1, 1))) {
        EXPECT_EQ(Library::local(change.at).tm_gmtoff, change.offset) << name << " at " << change.at;
        EXPECT_EQ(Library::local(change.at - 1).tm_gmtoff, Library::local(from).tm_gmtoff) << name << " " << change.at;
        from = change.at;
      }
      EXPECT_EQ(Library::local(from).tm_gmtoff, Library::local(utc(year + 1, 1, 1)).tm_gmtoff) << name << ' ' << year;
    }
  }
}

// Each moment is in one period, and periods follow each other without a gap.
TEST(Calendar, periods_divide_time) {
  std::mt19937_64 random(7);
  for (const char* const name : zones) {
    const TimeZone zone = zone_of(name);
    for (int round = 0; round < 1'000; ++round) {
      const std::int64_t moment = random_moment(random);
      for (const PeriodUnit unit : units) {
        const Period period = period_at(zone, unit, moment);
        ASSERT_LE(period.begin, moment) << name << ' ' << name_of(unit);
        ASSERT_GT(period.end, moment) << name << ' ' << name_of(unit);
        ASSERT_EQ(period_at(zone, unit, period.begin), period) << name << ' ' << name_of(unit) << ' ' << moment;
        ASSERT_EQ(period_at(zone, unit, period.end - 1), period) << name << ' ' << name_of(unit) << ' ' << moment;
        ASSERT_EQ(period_at(zone, unit, period.end).begin, period.end) << name << ' ' << name_of(unit);
      }
    }
  }
}

// Days, weeks and months begin when local clocks show midnight, or where there is none, when they are moved over it.
TEST(Calendar, days_begin_at_local_midnight) {
  std::mt19937_64 random(11);
  for (const char* const name : zones) {
    const TimeZone zone = zone_of(name);
    const Library library(name);
    for (int round = 0; round < 3'000; ++round) {
      const std::int64_t moment = random_moment(random);
      for (const PeriodUnit unit : {PeriodUnit::day, PeriodUnit::week, PeriodUnit::month}) {
        const Period period = period_at(zone, unit, moment);
        const std::tm begin = Library::local(period.begin);
        const bool midnight = begin.tm_hour == 0 && begin.tm_min == 0 && begin.tm_sec == 0;
        const bool moved = Library::local(period.begin - 1).tm_gmtoff != begin.tm_gmtoff;
        ASSERT_TRUE(midnight || moved) << name << ' ' << name_of(unit) << ' ' << moment;
        if (unit == PeriodUnit::week && midnight) ASSERT_EQ(begin.tm_wday, 1) << name << ' ' << moment;
        if (unit == PeriodUnit::month && midnight) ASSERT_EQ(begin.tm_mday, 1) << name << ' ' << moment;
      }
    }
  }
}

TEST(Calendar, a_day_is_an_hour_shorter_or_longer_when_clocks_change) {
  const TimeZone berlin = zone_of("Europe/Berlin");
  const Period spring = period_at(berlin, PeriodUnit::day, utc(2026, 3, 29, 12));
  EXPECT_EQ(spring, (Period{utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)}));
  const Period autumn = period_at(berlin, PeriodUnit::day, utc(2026, 10, 25, 12));
  EXPECT_EQ(autumn, (Period{utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)}));
  const Period march = period_at(berlin, PeriodUnit::month, utc(2026, 3, 10));
  EXPECT_EQ(march, (Period{utc(2026, 2, 28, 23), utc(2026, 3, 31, 22)}));
  const Period week = period_at(berlin, PeriodUnit::week, utc(2026, 11, 29, 12));
  EXPECT_EQ(week, (Period{utc(2026, 11, 22, 23), utc(2026, 11, 29, 23)})) << "from Monday";
  const Period december = period_at(TimeZone(), PeriodUnit::month, utc(2027, 12, 31, 23, 59));
  EXPECT_EQ(december, (Period{utc(2027, 12, 1), utc(2028, 1, 1)}));
}

TEST(Calendar, a_midnight_that_does_not_exist_is_the_moment_clocks_are_moved) {
  const Period day = period_at(zone_of("America/Sao_Paulo"), PeriodUnit::day, utc(2018, 11, 4, 12));
  EXPECT_EQ(day, (Period{utc(2018, 11, 4, 3), utc(2018, 11, 5, 2)})) << "clocks went from 0:00 to 1:00";
  const TimeZone apia = zone_of("Pacific/Apia");
  const Period before = period_at(apia, PeriodUnit::day, utc(2011, 12, 30, 9));
  EXPECT_EQ(before.end, utc(2011, 12, 30, 10));
  EXPECT_EQ(period_at(apia, PeriodUnit::day, before.end), (Period{utc(2011, 12, 30, 10), utc(2011, 12, 31, 10)}))
      << "there was no 30th of December";
}

TEST(Calendar, an_hour_may_be_half_when_clocks_move_by_half_an_hour) {
  const TimeZone zone = zone_of("Australia/Lord_Howe");
  // 2026-04-05 at 2:00 clocks go back to 1:30: local 1:00 to 2:00, then 1:30 to 2:00 once more.
  const std::int64_t change = utc(2026, 4, 4, 15);
  EXPECT_EQ(period_at(zone, PeriodUnit::hour, change - 60), (Period{change - 3600, change}));
  EXPECT_EQ(period_at(zone, PeriodUnit::hour, change + 60), (Period{change, change + 1800}));
}

TEST(Calendar, remembers_the_present_period_and_nothing_else) {
  const Calendar calendar(zone_of("Europe/Berlin"), PeriodUnit::day);
  for (const std::int64_t moment : {utc(2026, 3, 29, 12), utc(2026, 3, 29, 13), utc(2026, 3, 28, 12), std::int64_t{60},
                                    utc(2026, 3, 29, 22), utc(2026, 3, 29, 21, 59)}) {
    EXPECT_EQ(calendar.at(moment), period_at(zone_of("Europe/Berlin"), PeriodUnit::day, moment));
  }
}

TEST(ZoneRule, is_read_strictly) {
  for (const std::string_view good :
       {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "<-03>3", "<+0330>-3:30<+0430>,J79/24,J263/24",
        "IST-2IDT,M3.4.4/26,M10.5.0", "EST5EDT4,0/0,J365/25", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"})
    EXPECT_TRUE(parse_zone_rule(good)) << good;
  for (const std::string_view bad : {"", "CE-1", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
                                     "CET-1CEST,M3.0.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-26", "<CET-1",
                                     "CET-1CEST,J0,J1", "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-1CEST,M3.5.0,M10.5.0/168"})
    EXPECT_FALSE(parse_zone_rule(bad)) << bad;
}

TEST(TimeZone, names_that_lead_elsewhere_are_refused) {
  for (const std::string name :
       {"", "../../../etc/passwd", "/etc/localtime", "Europe//Berlin", "Europe/Berlin\n", "Mars"})
    EXPECT_FALSE(load_time_zone(name)) << name;
  EXPECT_FALSE(load_time_zone("Europe")) << "a folder";
  EXPECT_FALSE(load_time_zone("tzdata.zi")) << "no zone";
}

// Every part that is missing makes it damaged; nothing reads beyond the end.
TEST(TimeZone, a_file_cut_anywhere_is_damaged) {
  const auto file = read_file("/usr/share/zoneinfo/Europe/Berlin", 64 * 1024);
  ASSERT_TRUE(file);
  ASSERT_TRUE(TimeZone::parse(file->bytes));
  for (std::size_t length = 0; length < file->bytes.size(); ++length)
    EXPECT_FALSE(TimeZone::parse(std::string_view(file->bytes).substr(0, length))) << length;
}

}  // namespace
}  // namespace weir::limit
