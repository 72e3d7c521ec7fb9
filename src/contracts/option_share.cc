// Reading and showing a share.
#include "contracts/option_share.h"

#include <charconv>

namespace weir {
namespace {

constexpr std::size_t digits_behind_point = 4;

/// Digits only, no sign and no spaces.
bool read_digits(std::string_view text, std::uint32_t& out) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && read.ec == std::errc{} && read.ptr == text.data() + text.size();
}

/// `12.5` in millionths of a hundred; nothing when it is no such number.
std::optional<std::uint32_t> read_per_million(std::string_view text) {
  const std::size_t point = text.find('.');
  std::uint32_t whole = 0;
  if (!read_digits(text.substr(0, point), whole) || whole > 100) return {};
  std::uint32_t per_million = whole * 10'000;
  if (point == std::string_view::npos) return per_million;
  std::string behind(text.substr(point + 1));
  if (behind.size() > digits_behind_point) return {};
  std::uint32_t fraction = 0;
  if (!read_digits(behind, fraction)) return {};
  behind.resize(digits_behind_point, '0');
  if (!read_digits(behind, fraction)) return {};
  per_million += fraction;
  if (per_million > 1'000'000) return {};
  return per_million;
}

}  // namespace

bool OptionType<Share>::read(const Node& node, const Reading& at, Share& out) {
  if (!option::want_scalar(node, at, "a share such as 20%")) return false;
  const std::string& text = node.text();
  if (!text.ends_with('%')) {
    return at.error(node, node.shown() + " has no percent sign", "write a share between 0% and 100%, such as 20%");
  }
  const auto per_million = read_per_million(std::string_view(text).substr(0, text.size() - 1));
  if (!per_million) {
    return at.error(node, node.shown() + " is not a share", "write a share between 0% and 100%, such as 20% or 0.5%");
  }
  out.per_million = *per_million;
  return true;
}

std::string OptionType<Share>::shown(const Share& value) {
  std::string text = std::to_string(value.per_million / 10'000);
  if (const std::uint32_t fraction = value.per_million % 10'000; fraction > 0) {
    std::string behind = std::to_string(10'000 + fraction).substr(1);
    behind.resize(behind.find_last_not_of('0') + 1);
    text += "." + behind;
  }
  return text + "%";
}

}  // namespace weir
