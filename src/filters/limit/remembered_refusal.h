// What one who decides for others refused, remembered so that he need not be asked again: Redis, or a key's owner.
//
// Problem: a refusal is believed for a moment only, but its client has to hear when the same would really pass.
// Idea: both moments are kept. Until the first nobody asks; what is told counts down to the second.
#pragma once

#include <algorithm>

#include "filters/limit/budget.h"

namespace weir::limit {

struct RememberedRefusal {
  std::uint64_t cost = 0;
  Time until{};   ///< believed until then
  Time passes{};  ///< when the same would pass; never for what costs more than there is
  Time whole{};   ///< when the key is as new
  std::uint64_t remaining = 0;

  static RememberedRefusal of(std::uint64_t cost, const BudgetVerdict& said, Time asked, Duration believed) {
    const Time until = asked + believed;
    return {.cost = cost,
            .until = until,
            .passes = std::max(until, deadline_after(asked, said.wait)),
            .whole = std::max(until, deadline_after(asked, said.reset)),
            .remaining = said.remaining};
  }

  /// Whether so much would be refused, by what was said last.
  [[nodiscard]] bool refuses(std::uint64_t asked_cost, Time now) const { return until > now && asked_cost >= cost; }
  [[nodiscard]] BudgetVerdict verdict(Time now) const {
    return {.remaining = remaining, .wait = time_left(now, passes), .reset = time_left(now, whole)};
  }
};

}  // namespace weir::limit
