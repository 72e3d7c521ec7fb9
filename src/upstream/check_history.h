// What many checks mean together: a pure function of what was known and of one result more.
//
// Problem: one lost packet must not take an endpoint out of use, and one lucky answer must not bring a broken one back.
// Idea: the state changes when as many results in a row speak against it as the rules say. The very first answer is
// believed at once when it is good: nothing speaks against it. While results speak against the state the endpoint is
// asked more often, so that a real death is known soon.
#pragma once

#include "upstream/availability.h"
#include "upstream/health_rules.h"

namespace weir {

struct CheckHistory {
  CheckState state = CheckState::unchecked;
  std::uint32_t against = 0;  ///< results in a row that speak against the state
  friend bool operator==(const CheckHistory&, const CheckHistory&) = default;
};

struct CheckVerdict {
  CheckHistory next;
  bool changed = false;     ///< from up to down or back, or known for the first time
  std::string_view reason;  ///< static
};

/// Pure. \param up_after, down_after  at least 1
CheckVerdict decide(const CheckHistory& history, bool passed, std::uint32_t up_after, std::uint32_t down_after);

/// How long until the next check. \param draw  uniform random bits: a tenth earlier or later, so that endpoints are not
/// asked in step
Duration next_check_after(const CheckHistory& history, const CheckRules& rules, std::uint64_t draw);

}  // namespace weir
