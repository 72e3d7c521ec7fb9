// A part of a whole: `20%`, `0.5%`.
#pragma once

#include <compare>
#include <cstdint>

#include "contracts/option_type.h"

namespace weir {

struct Share {
  std::uint32_t per_million = 0;

  /// Whether a draw of random bits falls into it.
  [[nodiscard]] bool holds(std::uint64_t draw) const { return draw % 1'000'000 < per_million; }
  friend auto operator<=>(const Share&, const Share&) = default;
};

constexpr Share percent(std::uint32_t whole) {
  return {whole * 10'000};
}

template <>
struct OptionType<Share> {
  static std::string name() { return "share"; }
  /// 0% to 100%, with up to four digits behind the point.
  static bool read(const Node& node, const Reading& at, Share& out);
  static std::string shown(const Share& value);
};

}  // namespace weir
