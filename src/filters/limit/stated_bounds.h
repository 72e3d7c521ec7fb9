// What a rule promises of each key, whatever its kind: rates, quotas, requests in flight, bandwidth, counting in Redis.
//
// Problem: each kind promises something else, and the numbers that follow from it are what people need to know.
// Idea: pure functions from a rule's options to numbers. Budgets have their formulas in error_bound.h; the others are:
//
//   quota      in a period its count, and a debt. Around the end of a period two of them may meet in no time. A process
//              that is killed forgets what it had not written: so much may be had again in that period.
//   in flight  its number, exactly; a key that is new to several cores in one instant may have one more for each other
//              core. It has no rate: how many pass in a second follows from how long they take.
//   bandwidth  burst + t * rate of turns that come due in a time t (pace.h). Bytes pass when their source has them: a
//              stream whose turn came and whose source had nothing passes that portion later, on top.
//   Redis      while it answers, the bound of one budget; a lease of each core on top. While it does not, what on_error
//              says: this gateway's own count, everything, nothing. What passes while it comes and goes is at most the
//              one and, of each gateway, the other: each was held for itself.
#pragma once

#include <optional>

#include "filters/limit/error_bound.h"
#include "filters/limit/options.h"

namespace weir {
struct FleetSettings;  // contracts/fleet.h
}

namespace weir::limit {

struct Stated {
  std::optional<Bound> bound;  ///< of bytes for a bandwidth, of costs otherwise; none for requests in flight
  std::optional<Bound> alone;  ///< of a fleet's rule: all machines together, while nobody answers
  std::optional<std::uint64_t> in_flight;
  std::optional<std::uint64_t> in_period;  ///< of a quota
  ByteCount more_of_each_stream = 0;       ///< of a bandwidth
  bool forgives = false;                   ///< what answers cost beyond the debt is in none of the bounds
};

/// \param fleet  for rules of that scope; null for all others
Stated stated_of(const RuleOptions& rule, unsigned cores, const FleetSettings* fleet);

/// What a request costs at most when it comes.
std::uint64_t cost_most(const RuleOptions& rule);

/// On one machine. \pre the budget is by a calendar
std::uint64_t period_bound(const Budget& quota, unsigned cores, std::uint64_t cost_most);
Bound quota_bound(const Budget& quota, unsigned cores, std::uint64_t cost_most);
/// Requests of a key that are answered at once.
std::uint64_t in_flight_bound(std::uint64_t limit, unsigned cores);
/// Bytes, but for more_of_each_stream. \param cores  on which a key's streams may be: 1 for `key: connection`
Bound pace_bound(const Pace& pace, unsigned cores);
/// Of one gateway, of a rule that Redis counts, while Redis does not answer; nothing: everybody passes.
std::optional<Bound> away_bound(const RuleOptions& rule, OnError on_error, unsigned cores);
/// Beyond the bound, for all cores of one gateway.
std::uint64_t leases_bound(const RuleOptions& rule, std::uint64_t lease, unsigned cores);

}  // namespace weir::limit
