// What was decided, by which rule, and why: the memory from which explain, logs and replay are made.
//
// Idea: whoever decides calls a pure function and leaves its verdict here: a few static words and a place in the
// configuration, no formatting on the hot path. The exchange keeps the records in its arena, in the order of time.
#pragma once

#include <string_view>

#include "base/units.h"
#include "contracts/node.h"

namespace weir {

struct DecisionRecord {
  std::string_view room;     ///< who decided: "route", "access", "pool", "retry"
  std::string_view verdict;  ///< what: "matched", "denied", "reused"; static text
  std::string_view subject;  ///< about what, by its name in the configuration; lives as long as the snapshot
  std::string_view reason;   ///< why, as a code: "not_in_allow_list"; static text
  Place place;               ///< the rule, where one decided
  Time at{};
  DecisionRecord* next = nullptr;
};

}  // namespace weir
