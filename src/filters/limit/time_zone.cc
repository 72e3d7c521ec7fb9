// The file in two layers (a reader of big-endian numbers, the blocks), the rule in a small grammar, then the questions.
#include "filters/limit/time_zone.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/limits.h"
#include "base/text.h"

namespace weir::limit {

std::int64_t days_of(std::int64_t year, std::int32_t month, std::int32_t day) {
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

Date date_of(std::int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<std::int32_t>(static_cast<unsigned>(date.month())),
          .day = static_cast<std::int32_t>(static_cast<unsigned>(date.day()))};
}

// ---- the rule ----

namespace {

constexpr std::int64_t day_seconds = 86'400;

/// What is left of a rule while it is read.
class RuleText {
 public:
  explicit RuleText(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool next_is(char c) const { return rest_.starts_with(c); }
  bool take(char c) {
    if (!next_is(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// `CET`, `<+0330>`: three characters or more.
  bool take_name() {
    const bool quoted = take('<');
    std::size_t length = 0;
    const auto belongs = [&](char c) {
      return text::is_alpha(c) || (quoted && (text::is_digit(c) || c == '+' || c == '-'));
    };
    while (length < rest_.size() && belongs(rest_[length])) ++length;
    rest_.remove_prefix(length);
    return length >= 3 && (!quoted || take('>'));
  }
  std::optional<std::int32_t> number(std::int32_t least, std::int32_t most) {
    std::size_t length = 0;
    std::int32_t value = 0;
    while (length < rest_.size() && length < 3 && text::is_digit(rest_[length])) {
      value = value * 10 + (rest_[length++] - '0');
    }
    rest_.remove_prefix(length);
    if (length == 0 || value < least || value > most) return {};
    return value;
  }
  /// `[+-]hh[:mm[:ss]]` in seconds.
  std::optional<std::int32_t> time(std::int32_t hours_max) {
    const std::int32_t sign = take('-') ? -1 : 1;
    if (sign > 0) (void)take('+');
    const auto hours = number(0, hours_max);
    if (!hours) return {};
    std::int32_t seconds = *hours * 3600;
    for (const std::int32_t unit : {60, 1}) {
      if (!take(':')) break;
      const auto part = number(0, 59);
      if (!part) return {};
      seconds += *part * unit;
    }
    return sign * seconds;
  }

 private:
  std::string_view rest_;
};

/// `M3.5.0/2`, `J60`, `59/-1`.
std::optional<ZoneRule::Day> read_day(RuleText& text) {
  ZoneRule::Day day;
  if (text.take('M')) {
    const auto month = text.number(1, 12);
    const auto week = month && text.take('.') ? text.number(1, 5) : std::nullopt;
    const auto weekday = week && text.take('.') ? text.number(0, 6) : std::nullopt;
    if (!weekday) return {};
    day = {.month = *month, .week = *week, .day = *weekday};
  } else {
    const bool julian = text.take('J');
    const auto number = text.number(julian ? 1 : 0, 365);
    if (!number) return {};
    day = {.kind = julian ? ZoneRule::Day::Kind::julian : ZoneRule::Day::Kind::day_of_year, .day = *number};
  }
  if (!text.take('/')) return day;
  const auto time = text.time(167);
  if (!time) return {};
  day.seconds = *time;
  return day;
}

bool is_leap(std::int64_t year) {
  return std::chrono::year(static_cast<int>(year)).is_leap();
}

std::int64_t days_of(const ZoneRule::Day& day, std::int64_t year) {
  switch (day.kind) {
    case ZoneRule::Day::Kind::julian:
      return limit::days_of(year, 1, 1) + day.day - 1 + (is_leap(year) && day.day >= 60 ? 1 : 0);
    case ZoneRule::Day::Kind::day_of_year:
      return limit::days_of(year, 1, 1) + day.day;
    case ZoneRule::Day::Kind::month_week_day:
      break;
  }
  const std::int64_t first = limit::days_of(year, day.month, 1);
  const std::int64_t next = day.month == 12 ? limit::days_of(year + 1, 1, 1) : limit::days_of(year, day.month + 1, 1);
  const std::int64_t weekday = (first + 4) % 7;  // 1970-01-01 was a Thursday; Sunday is 0
  std::int64_t found = first + (day.day - (weekday < 0 ? weekday + 7 : weekday) + 7) % 7 + 7 * (day.week - 1);
  while (found >= next) found -= 7;  // the fifth is the last
  return found;
}

/// The rule's changes of one year, added behind those that are there.
void add_changes(const ZoneRule& rule, std::int64_t year, std::vector<TimeZone::Change>& changes) {
  const auto moment = [&](const ZoneRule::Day& day, std::int32_t offset) {
    return days_of(day, year) * day_seconds + day.seconds - offset;
  };
  changes.push_back({.at = moment(rule.summer_ends, rule.summer), .offset = rule.standard});
  changes.push_back({.at = moment(rule.summer_begins, rule.standard), .offset = rule.summer});
}

/// The rule's changes around a year, in order; what ends and begins at the same moment ends first.
std::vector<TimeZone::Change> changes_around(const ZoneRule& rule, std::int64_t first_year, std::int64_t last_year) {
  std::vector<TimeZone::Change> changes;
  for (std::int64_t year = first_year; year <= last_year; ++year) add_changes(rule, year, changes);
  std::ranges::sort(changes, [&](const TimeZone::Change& one, const TimeZone::Change& other) {
    return one.at != other.at ? one.at < other.at : one.offset == rule.standard && other.offset != rule.standard;
  });
  return changes;
}

std::int64_t year_of(std::int64_t moment) {
  return date_of(floor_divided(moment, day_seconds)).year;
}

std::int32_t offset_by(const ZoneRule& rule, std::int64_t moment) {
  if (!rule.has_summer) return rule.standard;
  const std::int64_t year = year_of(moment);
  std::int32_t offset = rule.standard;
  for (const TimeZone::Change& change : changes_around(rule, year - 1, year + 1)) {
    if (change.at <= moment) offset = change.offset;
  }
  return offset;
}

}  // namespace

std::optional<ZoneRule> parse_zone_rule(std::string_view text) {
  RuleText rest(text);
  ZoneRule rule;
  if (!rest.take_name()) return {};
  const auto behind_utc = rest.time(25);  // POSIX counts what is to be added to local time
  if (!behind_utc) return {};
  rule.standard = -*behind_utc;
  if (rest.at_end()) return rule;
  rule.has_summer = true;
  if (!rest.take_name()) return {};
  rule.summer = rule.standard + 3600;
  if (!rest.next_is(',')) {
    const auto summer = rest.time(25);
    if (!summer) return {};
    rule.summer = -*summer;
  }
  const auto begins = rest.take(',') ? read_day(rest) : std::nullopt;
  const auto ends = begins && rest.take(',') ? read_day(rest) : std::nullopt;
  if (!ends || !rest.at_end()) return {};
  rule.summer_begins = *begins;
  rule.summer_ends = *ends;
  return rule;
}

// ---- the file ----

namespace {

/// What is left of a file while it is read. Reading beyond its end gives zeros and says so.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::size_t count) {
    if (count > rest_.size()) {
      short_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::uint64_t number(unsigned bytes) {
    std::uint64_t value = 0;
    for (const char byte : take(bytes)) value = value << 8U | static_cast<unsigned char>(byte);
    return value;
  }
  [[nodiscard]] bool fell_short() const { return short_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool short_ = false;
};

/// RFC 8536 section 3.1.
struct Header {
  char version = 0;
  std::uint64_t universal = 0;
  std::uint64_t standard = 0;
  std::uint64_t leaps = 0;
  std::uint64_t times = 0;
  std::uint64_t types = 0;
  std::uint64_t characters = 0;

  [[nodiscard]] std::size_t block_bytes(unsigned time_bytes) const {
    return times * (time_bytes + 1) + types * 6 + characters + leaps * (time_bytes + 4) + standard + universal;
  }
};

std::optional<Header> read_header(Bytes& bytes) {
  if (bytes.take(4) != "TZif") return {};
  Header header;
  const std::string_view version = bytes.take(16);
  header.version = version.empty() ? '\0' : version.front();
  for (std::uint64_t* count :
       {&header.universal, &header.standard, &header.leaps, &header.times, &header.types, &header.characters}) {
    *count = bytes.number(4);
  }
  return bytes.fell_short() ? std::nullopt : std::optional(header);
}

/// The changes of a block with times of 64 bits. \returns  whether it is well formed
bool read_block(Bytes& bytes, const Header& header, std::vector<TimeZone::Change>& changes, std::int32_t& first) {
  if (header.types == 0 || header.types > 256 || header.block_bytes(8) > bytes.rest().size()) return false;
  changes.resize(header.times);
  for (TimeZone::Change& change : changes) change.at = static_cast<std::int64_t>(bytes.number(8));
  const std::string_view indices = bytes.take(header.times);
  std::array<std::int32_t, 256> offsets{};
  for (std::uint64_t type = 0; type < header.types; ++type) {
    offsets[type] = static_cast<std::int32_t>(bytes.number(4));
    if (offsets[type] < -TimeZone::offset_max || offsets[type] > TimeZone::offset_max) return false;
    (void)bytes.take(2);  // whether it is summer, how it is called
  }
  for (std::size_t at = 0; at < changes.size(); ++at) {
    const auto type = static_cast<unsigned char>(indices[at]);
    if (type >= header.types || (at > 0 && changes[at].at <= changes[at - 1].at)) return false;
    changes[at].offset = offsets[type];
  }
  first = offsets[0];
  (void)bytes.take(header.characters + header.leaps * 12 + header.standard + header.universal);
  return !bytes.fell_short();
}

}  // namespace

std::expected<TimeZone, std::string_view> TimeZone::parse(std::string_view file) {
  if (file.size() > limits::time_zone_bytes) return std::unexpected("is larger than any time zone");
  Bytes bytes(file);
  const auto old = read_header(bytes);
  if (!old) return std::unexpected("is no file of a time zone");
  if (old->version < '2') return std::unexpected("is a file of a time zone from before 2005");
  (void)bytes.take(old->block_bytes(4));
  const auto header = read_header(bytes);
  TimeZone zone;
  if (!header || !read_block(bytes, *header, zone.changes_, zone.first_offset_))
    return std::unexpected("is a damaged file of a time zone");
  std::string_view footer = bytes.rest();
  if (footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n')
    return std::unexpected("is a damaged file of a time zone");
  footer = footer.substr(1, footer.size() - 2);
  if (footer.empty()) return zone;
  zone.rule_ = parse_zone_rule(footer);
  if (!zone.rule_) return std::unexpected("has a rule for the years to come that nobody can read");
  return zone;
}

// ---- questions ----

std::int32_t TimeZone::offset_at(std::int64_t moment) const {
  const bool behind = changes_.empty() || moment >= changes_.back().at;
  if (behind && rule_) return offset_by(*rule_, moment);
  const auto next = std::ranges::upper_bound(changes_, moment, {}, &Change::at);
  return next == changes_.begin() ? first_offset_ : std::prev(next)->offset;
}

std::vector<TimeZone::Change> TimeZone::changes(std::int64_t from, std::int64_t to) const {
  std::vector<Change> found;
  for (auto next = std::ranges::upper_bound(changes_, from, {}, &Change::at); next != changes_.end() && next->at <= to;
       ++next) {
    found.push_back(*next);
  }
  if (!rule_ || !rule_->has_summer) return found;
  for (const Change& change : changes_around(*rule_, year_of(from) - 1, year_of(to) + 1)) {
    const bool behind_the_list = changes_.empty() || change.at > changes_.back().at;
    if (behind_the_list && change.at > from && change.at <= to) found.push_back(change);
  }
  return found;
}

}  // namespace weir::limit
