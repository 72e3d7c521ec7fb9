// Who goes first when not all can be served.
//
// Idea: four classes that everybody can say in a sentence, the same for all routes, so that two routes that share what
// stands behind them agree on who is let go first. The class of a request is what was last decided about it: a filter
// decides (filters/priority) and leaves its record, as all decisions do; whoever makes requests wait or sheds them
// (overload/) reads it there. A request nobody decided about is normal.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "contracts/exchange.h"

namespace weir {

enum class Priority : std::uint8_t {
  low,       ///< may be lost without anybody waiting for it: crawlers, prefetches, free plans
  normal,    ///< what nobody has said anything about
  high,      ///< somebody pays for it, or waits for it
  critical,  ///< without it the rest is worth nothing: payments, log-ins, health
};

inline constexpr std::size_t priorities = 4;
inline constexpr std::array<std::string_view, priorities> priority_names{"low", "normal", "high", "critical"};
/// The room that decides; its verdict is the name of a class.
inline constexpr std::string_view priority_room = "priority";

constexpr std::size_t index_of(Priority priority) {
  return static_cast<std::size_t>(priority);
}
constexpr std::string_view name_of(Priority priority) {
  return priority_names[index_of(priority)];
}

/// Walks the records: a handful, and only where somebody may have to wait.
inline Priority priority_of(const Exchange& exchange) {
  Priority priority = Priority::normal;
  for (const DecisionRecord* record = exchange.first_record(); record != nullptr; record = record->next) {
    if (record->room != priority_room) continue;
    const auto* const found = std::ranges::find(priority_names, record->verdict);
    priority = static_cast<Priority>(found - priority_names.begin());
  }
  return priority;
}

}  // namespace weir
