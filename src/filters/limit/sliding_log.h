// The exact way to count: when each of the last `limit` units was spent.
//
// Problem: the exact answer to "how many in the last minute?" needs every moment of that minute.
// Idea: only admitted ones matter, and there are never more than `limit` of those, so that a ring of `limit` moments is
// exact and bounded. Whether a cost fits is one look: the youngest of those moments it would overwrite must lie a whole
// window back.
//
// Invariants
//   (1) In any time as long as the window, its begin excluded, at most `limit` is spent.
//   (2) Moments in the ring never decrease from the oldest to the youngest.
#pragma once

#include <cstdint>
#include <span>

#include "filters/limit/budget.h"

namespace weir {

/// A view of a key's words: where the oldest moment stands, then `limit` moments; all zeros is a key nobody has seen.
class SlidingLog {
 public:
  /// Words that a key takes.
  static std::size_t words(const Budget& budget) { return 1 + budget.limit; }

  SlidingLog(const Budget& budget, std::span<std::uint64_t> words) : budget_(budget), words_(words) {}

  /// When the clock went back, what is in the log is brought back with it.
  void notice_clock(Time now);
  /// The moment that decides about this cost: 0 when there was none. \pre 1 <= cost <= limit
  [[nodiscard]] std::uint64_t deciding_moment(std::uint64_t cost) const;
  /// Pure but for reading the log. `state` is deciding_moment().
  [[nodiscard]] BudgetVerdict decide(Time now, std::uint64_t cost) const;
  /// Spends a cost that was admitted.
  void spend(Time now, std::uint64_t cost);
  /// Takes back what was spent last. \pre nothing was spent in between
  void take_back(std::uint64_t cost);
  /// Units of the last window; 0 exactly when forgetting the key loses nothing.
  [[nodiscard]] std::uint64_t spent(Time now) const;

 private:
  [[nodiscard]] std::uint64_t moment(std::uint64_t age_rank) const;  ///< 0 is the oldest
  [[nodiscard]] bool is_over(std::uint64_t moment, Time now) const;

  const Budget& budget_;
  std::span<std::uint64_t> words_;
};

/// The verdict of a log from the one moment that decides: what a decision record needs to be made again.
bool decide_by_moment(const Budget& budget, std::uint64_t moment, Time now);

}  // namespace weir
