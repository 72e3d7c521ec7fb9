// The table, and the search for its pairs.
#include "app/filter_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weir {
namespace {

struct Pair {
  std::string_view first;
  std::string_view second;
  std::string_view why;
};

constexpr std::string_view cheap_first = "an address costs nothing to check, and what stands in front does";

constexpr std::array pairs{
    Pair{"rewrite", "forward_auth", "the authority is asked about the path after it was rewritten"},
    Pair{"basic_auth", "forward_auth", "the authority does not see the Authorization that basic_auth takes out"},
    Pair{"api_key", "forward_auth", "the authority does not see the key that api_key takes out"},
    Pair{"basic_auth", "access", cheap_first},
    Pair{"api_key", "access", cheap_first},
    Pair{"forward_auth", "access", cheap_first},
};

}  // namespace

std::vector<OrderDoubt> doubts_about_order(std::span<const std::string> filters) {
  std::vector<OrderDoubt> doubts;
  for (std::size_t second = 1; second < filters.size(); ++second) {
    const auto in_front = filters.first(second);
    for (const Pair& pair : pairs) {
      if (filters[second] != pair.second || std::ranges::find(in_front, pair.first) == in_front.end()) continue;
      doubts.push_back({.second = second,
                        .message = fmt::format("{} stands behind {}: {}", pair.second, pair.first, pair.why),
                        .suggestion = fmt::format("put {} in front of {}", pair.second, pair.first)});
      break;
    }
  }
  return doubts;
}

}  // namespace weir
