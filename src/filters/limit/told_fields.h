// What answers say about budgets.
//
// Idea: what never changes (the policies) is written once, when the filter is built; what is left is a few digits in
// the exchange's arena. Names are structured fields' strings (RFC 9651 section 3.3.3), which options.cc has seen to.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/units.h"
#include "filters/limit/options.h"

namespace weir::limit {

/// Whole seconds, rounded up: a client that waits so long has waited long enough.
std::uint64_t seconds_up(Duration duration);

/// `"per-client";q=100;w=60`; of requests in flight, `"open";q=20;qu="concurrent-requests"`.
/// \source  draft-ietf-httpapi-ratelimit-headers-11, RateLimit-Policy
std::string policy_of(const RuleOptions& rule, std::string_view name, std::uint64_t whole);

/// What is left of one rule.
struct Left {
  std::string_view name;
  std::uint64_t remaining;
  Duration reset;  ///< no_limit: there is none to tell
};
/// `"per-client";r=37;t=12`, a comma between two.
/// \source  draft-ietf-httpapi-ratelimit-headers-11, RateLimit
std::string_view left_value(std::span<const Left> all, Arena& arena);

/// A number as text in the arena.
std::string_view number_text(std::uint64_t number, Arena& arena);

}  // namespace weir::limit
