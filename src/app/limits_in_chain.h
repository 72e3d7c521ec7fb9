// Limits of one chain that charge apart.
//
// Problem: all rules of one limit are charged together or not at all; two limits know nothing of each other. A request
// that the second refuses stays charged in the first, so that a client who is refused for one reason is soon refused
// for another that it never spent.
// Idea: whoever compiles a route asks for such pairs. They are doubts: it may be wanted.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "app/config/document.h"
#include "contracts/diagnostics.h"
#include "contracts/filter.h"

namespace weir {

/// What of a filter matters to others of its chain; nothing where it is no limit.
struct LimitInChain {
  bool charges = false;  ///< takes something that a refusal behind it does not give back
  bool refuses = false;
};

struct ChargedApart {
  std::size_t first = 0;   ///< charges
  std::size_t second = 0;  ///< refuses what the first has charged
  friend bool operator==(const ChargedApart&, const ChargedApart&) = default;
};

/// For each limit that refuses, the nearest in front of it that charges. Pure. \param filters  in the order in which
/// they run
std::vector<ChargedApart> charged_apart(std::span<const std::optional<LimitInChain>> filters);

/// A filter as it is written, and what was built of it.
using BuiltFilter = std::pair<const config::PluginUse*, const Filter*>;

/// Says it once of a limit in front, such as one of the defaults, however many routes have one behind it.
void warn_of_limits_apart(std::span<const BuiltFilter> filters, Diagnostics& diagnostics);

}  // namespace weir
