// What the scope of a rule asks of its other options.
#pragma once

#include <cstdint>

#include "filters/limit/options.h"

namespace weir::limit {

/// What may be spent at once where nobody says.
std::uint64_t usual_burst(const RuleOptions& rule);

/// Whether a fleet can hold such a rule. \pre its scope is fleet
bool check_fleet(const Node& node, const Reading& reading, const RuleOptions& rule);

}  // namespace weir::limit
