// Small questions about text that many rooms ask.
//
// ASCII only and never the locale: the bytes of a protocol do not change meaning with the machine they are read on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::text {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) {
  return lower(c) >= 'a' && lower(c) <= 'z';
}
/// The value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

constexpr bool equal_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (std::size_t at = 0; at < left.size(); ++at) {
    if (lower(left[at]) != lower(right[at])) return false;
  }
  return true;
}

/// Without spaces and tabs at both ends (OWS of RFC 9110 section 5.6.3).
constexpr std::string_view trim(std::string_view value) {
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  return value;
}

/// A number of decimal digits and nothing else; nothing for empty, signs, spaces and overflow.
constexpr std::optional<std::uint64_t> parse_decimal(std::string_view digits) {
  constexpr std::uint64_t always_fits = UINT64_MAX / 100;
  if (digits.empty()) return {};
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return {};
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value >= always_fits && value > (UINT64_MAX - digit) / 10) return {};
    value = value * 10 + digit;
  }
  return value;
}

/// Calls `visit` with each comma-separated member, trimmed; empty members are passed over (RFC 9110 section 5.6.1).
/// Commas inside quoted strings do not separate.
template <typename Visit>
constexpr void for_each_member(std::string_view list, Visit visit) {
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= list.size(); ++at) {
    if (at < list.size() && quoted) {
      if (list[at] == '\\' && at + 1 < list.size()) {
        ++at;
      } else if (list[at] == '"') {
        quoted = false;
      }
      continue;
    }
    if (at < list.size() && list[at] == '"') quoted = true;
    if (at >= list.size() || list[at] == ',') {
      const std::size_t end = at < list.size() ? at : list.size();
      if (const std::string_view member = trim(list.substr(begin, end - begin)); !member.empty()) visit(member);
      begin = end + 1;
    }
  }
}

std::string to_lower(std::string_view value);
std::vector<std::string_view> split(std::string_view value, char separator);
/// How many single-letter edits (insert, delete, replace, swap neighbours) lead from one word to the other.
std::size_t edit_distance(std::string_view left, std::string_view right);
/// The candidate nearest to `word`, or empty when none is near enough to be what was meant.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);
/// `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view value);

}  // namespace weir::text
