// How much a rule may let through at most, computed from its numbers.
//
// Problem: every limiter is wrong by something, and nobody says by how much.
// Idea: each way to count has a formula. On one machine it follows from the algorithm alone (budget.h, invariants). In
// a fleet it follows from the delay after which an aggregator's ratio answers to traffic:
//
//   delay   a report waits for its interval, then for the aggregator's, and is on the wire twice: 20 + 20 + 2 ms
//   step    traffic that grows from `from` to `to` limits at once is let through as before for that delay:
//           from * (W - delay) + to * delay in a time W. Debt takes the excess back from what follows.
//   burst   otherwise W begins with a whole burst: W * limit + burst, and once more the burst that a key may have spent
//           before anybody called it hot (fleet/keeper.h).
//   noise   what chance brings within the delay, three standard deviations: everything older is in the account.
//           Requests that cost c come in lumps: sqrt(c) times as much.
//
// All are costs that one key may spend in any time of that length.
#pragma once

#include <string>

#include "filters/limit/budget.h"

namespace weir::limit {

struct Bound {
  double mean_per_second = 0;  ///< over a long time
  double worst_second = 0;
  double worst_ten_seconds = 0;
};

/// On one machine. \param cores  that share the counters; 1 for local rules, whose parts add up to the whole
/// \param cost_most  of a request
Bound machine_bound(const Budget& whole, unsigned cores, std::uint64_t cost_most = 1);

/// How suddenly traffic grows, in limits. The usual: tenfold the limit, from below it.
struct Growth {
  double from = 0.8;
  double to = 10;
};

/// While an aggregator answers. \pre the budget is a bucket
Bound fleet_bound(const Budget& whole, const Growth& growth, std::uint64_t cost_most = 1);
/// Where owners decide (fleet/owning.h): what one of them counts, seen by clients, whom an answer reaches up to `delay`
/// after it was decided.
Bound owned_bound(const Budget& whole, unsigned cores, Duration delay, std::uint64_t cost_most = 1);
/// While no owner answers, of all members together. \param share  of each
Bound owned_share_bound(const Budget& share, std::size_t members);
/// While nobody answers, of all members together: their shares, and the tenth of an even one that each has at least.
Bound fleet_share_bound(const Budget& whole, std::uint64_t cost_most = 1);

/// From a change of traffic to the ratio that answers to it.
inline constexpr Duration fleet_delay = std::chrono::milliseconds{42};

}  // namespace weir::limit
