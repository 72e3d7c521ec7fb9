// Which requests somebody wants to follow.
//
// A pure function of the exchange, asked for every request while somebody follows: a few comparisons.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contracts/exchange.h"

namespace weir {

struct StoryFilter {
  /// Any of these ranges, both ends included; empty: every status, 0 (no answer was sent) as well.
  std::vector<std::pair<Status, Status>> statuses;
  std::string route;                   ///< by name; empty: every route
  std::string upstream;                ///< by name; empty: every upstream, and none
  Duration slower = Duration::zero();  ///< took at least as long

  [[nodiscard]] bool wants(const Exchange& exchange, const Delivery& delivery) const;
};

/// `5xx`, `404`, `4xx,502`, `none` (no answer was sent). \returns  or else what is wrong, as a sentence
std::expected<std::vector<std::pair<Status, Status>>, std::string> parse_statuses(std::string_view text);

}  // namespace weir
