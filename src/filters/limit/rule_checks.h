// Rules between the options of one rule: which may stand together, and what they must have.
#pragma once

#include "filters/limit/options.h"

namespace weir::limit {

bool check_cost(const Node& node, const Reading& reading, CostOptions& cost);
/// Completes the rule, or says what is wrong with it.
bool check_rule(const Node& node, const Reading& reading, RuleOptions& rule);

}  // namespace weir::limit
