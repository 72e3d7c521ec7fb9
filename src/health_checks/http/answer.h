// What an answer to a health check says: a pure function of the bytes that have come.
//
// Idea: a check wants a status, perhaps a field and a text in the body, and no more; so this reads HTTP/1.x as strictly
// as it must to find these three and gives up on everything it does not understand. A body that is wanted is looked at
// as it grows; one that is not is never waited for.
//
// Invariant: a longer answer never changes a verdict (contracts/health_check.h); so it does not matter how the bytes
// were cut.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contracts/health_check.h"
#include "http/status.h"

namespace weir {

/// From one status to another, both included.
struct StatusRange {
  Status first = 200;
  Status last = 399;
  friend bool operator==(const StatusRange&, const StatusRange&) = default;
};

struct HttpExpectation {
  std::vector<StatusRange> statuses{StatusRange{}};
  std::vector<std::pair<std::string, std::string>> fields;  ///< lower-case names; an empty value: it is there
  std::string body;                                         ///< a text in it; empty: it is of no interest
  bool head = false;                                        ///< HEAD was asked: there is no body
};

/// Pure.
std::optional<ProbeResult> judge_answer(const HttpExpectation& expected, std::string_view answer, bool ended);

}  // namespace weir
