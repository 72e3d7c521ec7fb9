// How much a key may spend, and the five ways to count it: pure functions over one word of state.
//
// Problem: every way to count promises something else, and each is easy to get wrong at its edges: a window's end, a
// clock that goes back, a cost that is larger than what is left.
// Idea: facts in (budget, state, now, cost), verdict and next state out. The state of a key is 64 bits, so that a table
// can hold it in one atomic word (table.h); all zeros is a key nobody has seen. The exact log needs more and has its
// own file (sliding_log.h).
//
//   token_bucket, gcra   when the key will be as new, in nanoseconds. Tokens that drip in and a theoretical arrival
//   time
//                        (ITU-T I.371) are the same number seen from two sides; they differ in what is usual: a bucket
//                        holds a burst, GCRA spaces evenly and may make a request wait for its turn.
//   fixed_window         number of the window, what was spent in it.
//   calendar             the same, with a month, a day ... of a time zone for a window, by the clock on the wall.
//   sliding_window       number of the window, what was spent in the one before and in it. The one before counts by the
//                        part of it that a window ending now would still cover.
//
// Invariants
//   (1) Buckets: in any time t a key spends at most burst + t * limit / window.
//   (2) Fixed window: at most `limit` in a window of the clock, so at most twice that in any time as long.
//   (3) Sliding window: at most twice `limit` in any time as long as a window, too, but only for whoever stops exactly
//       at a window's end; the estimate is exact for traffic that comes evenly.
//   (4) A clock that goes back gives nothing, and makes nobody wait longer than a whole budget takes to come back (for
//       windows: three of them); one that jumps ahead gives at most one whole budget.
//   (5) All this holds for costs that are settled later. Of a charge that was too high a bucket gives back no more than
//       what it would owe still, had nothing else been charged since; a window only what was charged in it.
//   (6) Numbers of windows are told apart for 2^31 windows (fixed) or 2^27 (sliding, four years of seconds): a key that
//       was silent for longer may meet what it spent then, for one window.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/units.h"

namespace weir {

enum class Algorithm : std::uint8_t { token_bucket, gcra, fixed_window, sliding_window, sliding_log, calendar };

namespace limit {
class Calendar;  // calendar.h
}

std::string_view name_of(Algorithm algorithm);

struct Budget {
  Algorithm algorithm = Algorithm::token_bucket;
  std::uint64_t limit = 1;  ///< cost per window
  Duration window = std::chrono::seconds{1};
  std::uint64_t burst = 1;                    ///< buckets: cost at once
  std::uint64_t debt = 0;                     ///< what a settled cost may go beyond it
  Duration delay{};                           ///< gcra: a request that would pass within this time waits for its turn
  const limit::Calendar* calendar = nullptr;  ///< calendar: whose periods are the windows; outlives the budget

  /// Buckets: how long one unit of cost takes to come back; rounded up, so that the rate is never exceeded.
  [[nodiscard]] std::uint64_t unit_nanoseconds() const {
    return (static_cast<std::uint64_t>(window.count()) + limit - 1) / limit;
  }
};

struct BudgetVerdict {
  bool admitted = false;
  std::uint64_t state = 0;      ///< of the key from now on; a refusal changes it only when the clock went back
  std::uint64_t remaining = 0;  ///< cost that would still be admitted now
  /// Refused: until the same would pass, no_limit for never. Admitted: until its turn comes, which is 0 without delay.
  Duration wait{};
  Duration reset{};  ///< until the key is as new
};

/// \param now  for calendar: the wall clock's, since 1970
/// \pre algorithm is not sliding_log; cost is at least 1
BudgetVerdict decide_budget(const Budget& budget, std::uint64_t state, Time now, std::uint64_t cost);

/// What a request was charged when it came.
struct Charge {
  Time at{};
  std::uint64_t cost = 1;
};

/// The state after a cost turned out different: `more` is added, or taken back when negative. What is owed beyond the
/// budget is bounded by `debt`. What time has given back since, or a window has ended with, is not given back again.
/// \param charge  that turned out different; nothing: it was made just now
std::uint64_t settle_budget(const Budget& budget, std::uint64_t state, Time now, std::int64_t more,
                            const std::optional<Charge>& charge = {});

/// How far a key is from being as new; 0 exactly when forgetting it loses nothing. Comparable among keys of one budget.
std::uint64_t weigh_budget(const Budget& budget, std::uint64_t state, Time now);

/// What a budget cannot count, as a sentence; empty when all is well. \param cost_max  of one request
std::string_view complaint_about(const Budget& budget, std::uint64_t cost_max);

/// Cores see the clock up to a turn apart, so that a state may seem to be from the future; what is further ahead means
/// that the clock went back.
inline constexpr Duration clock_slack = std::chrono::milliseconds{10};

}  // namespace weir
