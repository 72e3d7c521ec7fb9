// Reading times, sizes, rates and addresses, with a word on what to write instead.
#include "contracts/option_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace weir::option {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

constexpr std::array<Unit, 7> time_units{{{"d", 86'400'000'000'000},
                                          {"h", 3'600'000'000'000},
                                          {"m", 60'000'000'000},
                                          {"s", 1'000'000'000},
                                          {"ms", 1'000'000},
                                          {"us", 1'000},
                                          {"ns", 1}}};
constexpr std::array<Unit, 5> size_units{
    {{"TiB", 1024 * 1024 * mebibyte}, {"GiB", 1024 * mebibyte}, {"MiB", mebibyte}, {"KiB", kibibyte}, {"B", 1}}};
/// Ten years: longer is a slip of the finger, and all arithmetic on it stays far from overflow.
constexpr std::uint64_t duration_maximum = 3650 * time_units[0].size;
/// One exbibyte, for the same reasons.
constexpr std::uint64_t bytes_maximum = 1024 * 1024 * size_units[0].size;

struct Quantity {
  std::uint64_t number = 0;
  std::string_view unit;
};

bool is_none(const Node& node) {
  return node.is_scalar() && node.text() == "none";
}

/// `10MiB` as 10 and `MiB`; nothing when it does not begin with a number that fits.
std::optional<Quantity> split_quantity(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, text::is_digit);
  const auto digits = static_cast<std::size_t>(end - text.begin());
  const auto number = text::parse_decimal(text.substr(0, digits));
  if (!number) return {};
  return Quantity{.number = *number, .unit = text::trim(text.substr(digits))};
}

template <std::size_t count>
std::optional<std::uint64_t> size_of_unit(const std::array<Unit, count>& units, std::string_view name) {
  const auto unit = std::ranges::find(units, name, &Unit::name);
  if (unit == units.end()) return {};
  return unit->size;
}

/// The number with the largest unit that divides it: 90s stays 90s, 120s becomes 2m.
template <std::size_t count>
std::string shown_in(const std::array<Unit, count>& units, std::uint64_t value, std::string_view zero) {
  if (value == 0) return std::string(zero);
  const auto unit = std::ranges::find_if(units, [&](const Unit& each) { return value % each.size == 0; });
  return fmt::format("{}{}", value / unit->size, unit->name);
}

/// What somebody who wrote `30`, `30 sec` or `30S` meant.
std::string suggest_duration(const Quantity& written) {
  const std::string unit = text::to_lower(written.unit);
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> meanings{{{"sec", "s"},
                                                                                    {"secs", "s"},
                                                                                    {"second", "s"},
                                                                                    {"seconds", "s"},
                                                                                    {"min", "m"},
                                                                                    {"mins", "m"},
                                                                                    {"minute", "m"},
                                                                                    {"minutes", "m"},
                                                                                    {"hour", "h"},
                                                                                    {"hours", "h"},
                                                                                    {"day", "d"},
                                                                                    {"days", "d"},
                                                                                    {"msec", "ms"},
                                                                                    {"millis", "ms"}}};
  if (unit.empty()) return fmt::format("write {0}s or {0}ms", written.number);
  if (size_of_unit(time_units, unit)) return fmt::format("write {}{}", written.number, unit);
  const auto meant = std::ranges::find(meanings, unit, &std::pair<std::string_view, std::string_view>::first);
  if (meant != meanings.end()) return fmt::format("write {}{}", written.number, meant->second);
  return "write a number with d, h, m, s, ms, us or ns, as in 30s";
}

std::string with_thousands(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string suggest_bytes(const Quantity& written) {
  if (written.unit.empty()) return fmt::format("write {}B", written.number);
  constexpr std::string_view letters = "bkmgt";
  const std::string unit = text::to_lower(written.unit);
  const std::size_t power = letters.find(unit.front());
  const bool known = unit == "b" || (unit.size() <= 3 && power > 0 && power != std::string_view::npos &&
                                     (unit.size() == 1 || unit.substr(1) == "b" || unit.substr(1) == "ib"));
  if (!known || written.number > 1'000'000) return "write a number with B, KiB, MiB, GiB or TiB, as in 10MiB";
  const Unit& binary = size_units[size_units.size() - 1 - power];
  std::string exact = fmt::format("write {}{}", written.number, binary.name);
  if (unit.size() == 3 || power == 0) return exact;
  std::uint64_t decimal = written.number;
  for (std::size_t step = 0; step < power; ++step) decimal *= 1000;
  return fmt::format("{} ({} bytes) or {}B", exact, with_thousands(written.number * binary.size), decimal);
}

std::string no_unit(const Node& node) {
  return node.shown() + " has no unit Weir knows";
}

/// The sentence of an address parser's error, and what to write.
bool bad_address(const Node& node, const Reading& reading, const Error& error, std::string suggestion) {
  const std::string_view why = error.text != nullptr ? error.text : sentence_of(error.code);
  return reading.error(node, fmt::format("{}: {}", node.shown(), why), std::move(suggestion));
}

}  // namespace

bool want_scalar(const Node& node, const Reading& reading, std::string_view wanted) {
  if (node.is_scalar()) return true;
  return reading.error(node, fmt::format("expected {}, found {}", wanted, node.shown()));
}

bool want_map(const Node& node, const Reading& reading, std::string_view wanted) {
  if (node.is_map()) return true;
  return reading.error(node, fmt::format("expected {} (a map), found {}", wanted, node.shown()));
}

bool read_text(const Node& node, const Reading& reading, std::string& out) {
  if (!want_scalar(node, reading, "a text")) return false;
  out = node.text();
  return true;
}

bool read_boolean(const Node& node, const Reading& reading, bool& out) {
  if (!want_scalar(node, reading, "true or false")) return false;
  const bool plain = !node.quoted();
  if (plain && (node.text() == "true" || node.text() == "false")) {
    out = node.text() == "true";
    return true;
  }
  constexpr std::array<std::string_view, 5> meaning_true{"yes", "on", "y", "1", "true"};
  constexpr std::array<std::string_view, 5> meaning_false{"no", "off", "n", "0", "false"};
  const std::string word = text::to_lower(node.text());
  const bool yes = std::ranges::find(meaning_true, word) != meaning_true.end();
  const bool no = std::ranges::find(meaning_false, word) != meaning_false.end();
  return reading.error(node, node.shown() + " is not true or false", yes ? "write true" : no ? "write false" : "");
}

bool read_unsigned(const Node& node, const Reading& reading, std::uint64_t maximum, std::uint64_t& out) {
  if (!want_scalar(node, reading, "a whole number")) return false;
  const auto number = text::parse_decimal(node.text());
  if (!number) return reading.error(node, node.shown() + " is not a whole number", "write digits only, as in 100");
  if (*number > maximum) return reading.error(node, fmt::format("{} is more than {}", node.shown(), maximum));
  out = *number;
  return true;
}

bool read_signed(const Node& node, const Reading& reading, std::int64_t& out) {
  if (!want_scalar(node, reading, "a whole number")) return false;
  const bool negative = node.text().starts_with('-');
  const auto number = text::parse_decimal(std::string_view(node.text()).substr(negative ? 1 : 0));
  if (!number || *number > INT64_MAX) return reading.error(node, node.shown() + " is not a whole number");
  out = negative ? -static_cast<std::int64_t>(*number) : static_cast<std::int64_t>(*number);
  return true;
}

bool read_duration(const Node& node, const Reading& reading, Duration& out) {
  if (!want_scalar(node, reading, "a duration such as 30s")) return false;
  if (is_none(node)) {
    out = no_limit;
    return true;
  }
  const auto written = split_quantity(node.text());
  if (!written) return reading.error(node, node.shown() + " is not a duration", "write 30s, 500ms or none");
  const auto unit = size_of_unit(time_units, written->unit);
  const bool exact = unit && !node.text().contains(' ');
  if (!exact) return reading.error(node, no_unit(node), suggest_duration(*written));
  if (written->number > duration_maximum / *unit) {
    return reading.error(node, node.shown() + " is longer than ten years", "write none for no limit");
  }
  out = Duration{static_cast<std::int64_t>(written->number * *unit)};
  return true;
}

bool read_bytes(const Node& node, const Reading& reading, ByteCount& out) {
  if (!want_scalar(node, reading, "a size such as 10MiB")) return false;
  if (is_none(node)) {
    out = unbounded;
    return true;
  }
  const auto written = split_quantity(node.text());
  if (!written) return reading.error(node, node.shown() + " is not a size", "write 10MiB, 256B or none");
  const auto unit = size_of_unit(size_units, written->unit);
  const bool exact = unit && !node.text().contains(' ');
  if (!exact) return reading.error(node, no_unit(node), suggest_bytes(*written));
  if (written->number > bytes_maximum / *unit) {
    return reading.error(node, node.shown() + " is more than 1048576TiB", "write none for no limit");
  }
  out = written->number * *unit;
  return true;
}

bool read_rate(const Node& node, const Reading& reading, Rate& out) {
  if (!want_scalar(node, reading, "a rate such as 100/s")) return false;
  const std::size_t slash = node.text().find('/');
  const auto count = text::parse_decimal(std::string_view(node.text()).substr(0, slash));
  if (!count) return reading.error(node, node.shown() + " is not a rate", "write 100/s");
  if (slash == std::string::npos) return reading.error(node, no_unit(node), fmt::format("write {}/s", *count));
  const std::string_view per = std::string_view(node.text()).substr(slash + 1);
  const auto unit = size_of_unit(time_units, per);
  if (!unit) return reading.error(node, no_unit(node), fmt::format("write {0}/s, {0}/m or {0}/h", *count));
  out = {.count = *count, .per = Duration{static_cast<std::int64_t>(*unit)}};
  return true;
}

bool read_address(const Node& node, const Reading& reading, IpAddress& out) {
  if (!want_scalar(node, reading, "an IP address")) return false;
  const auto address = IpAddress::parse(node.text());
  if (!address) return bad_address(node, reading, address.error(), "write 10.0.0.1 or 2001:db8::1");
  out = *address;
  return true;
}

bool read_block(const Node& node, const Reading& reading, Cidr& out) {
  if (!want_scalar(node, reading, "a block of addresses such as 10.0.0.0/8")) return false;
  const auto block = Cidr::parse(node.text());
  if (!block) return bad_address(node, reading, block.error(), "write 10.0.0.0/8, 2001:db8::/32 or one address");
  out = *block;
  return true;
}

bool read_endpoint(const Node& node, const Reading& reading, Endpoint& out) {
  if (!want_scalar(node, reading, "an address such as 127.0.0.1:8080")) return false;
  auto endpoint = parse_endpoint(node.text());
  if (!endpoint && text::parse_decimal(node.text())) {
    return reading.error(node, node.shown() + " is a port without an address",
                         fmt::format("write \":{}\"", node.text()));
  }
  if (!endpoint) {
    return bad_address(node, reading, endpoint.error(), "write 127.0.0.1:8080, [::1]:8080, name:8080 or unix:/path");
  }
  out = std::move(*endpoint);
  return true;
}

bool read_word(const Node& node, const Reading& reading, const std::vector<std::string_view>& words, std::size_t& out) {
  std::string listed;
  for (const std::string_view word : words) {
    listed += (listed.empty() ? "" : word == words.back() ? " or " : ", ") + std::string(word);
  }
  if (!want_scalar(node, reading, listed)) return false;
  const auto found = std::ranges::find(words, node.text());
  if (found == words.end()) {
    std::string suggestion = did_you_mean(node.text(), words);
    return reading.error(node, fmt::format("{} is not {}", node.shown(), listed), std::move(suggestion));
  }
  out = static_cast<std::size_t>(found - words.begin());
  return true;
}

std::string shown(Duration value) {
  return value < Duration::zero() ? "none" : shown_in(time_units, static_cast<std::uint64_t>(value.count()), "0s");
}

std::string shown_bytes(ByteCount value) {
  return value == unbounded ? "none" : shown_in(size_units, value, "0B");
}

std::string shown(const Rate& value) {
  const auto per = static_cast<std::uint64_t>(value.per.count());
  const auto unit = std::ranges::find(time_units, per, &Unit::size);
  return fmt::format("{}/{}", value.count, unit == time_units.end() ? shown(value.per) : std::string(unit->name));
}

}  // namespace weir::option
