// The keys of an exact log: as bounded as the table of the others, with more memory for each key.
//
// Idea: sets of four logs, one core. A new key takes the log that has spent least, as it is: a log that is over is as
// new; one that is not counts the newcomer too strictly, and whoever had it has lost what it says. Moments of another
// log are over sooner or later than those that were lost, so that a set remembers how much that was: for a window, a
// key without a log begins with as much, as if it had been spent now.
//
// Invariants
//   (1) However full a set is, no key spends more than `limit` in any time as long as the window (bound_property_test).
//   (2) While no log of a set was taken from a key that still counts, every key of it is counted exactly.
#pragma once

#include <cstdlib>
#include <memory>
#include <vector>

#include "filters/limit/sliding_log.h"

namespace weir {

class LogTable {
 public:
  static constexpr std::size_t logs_per_set = 4;

  /// \param budget  outlives the table
  LogTable(const Budget& budget, std::uint64_t keys);

  /// The log of a key, brought along if the clock went back; valid until the next call.
  [[nodiscard]] SlidingLog of(std::uint64_t hash, Time now);

  [[nodiscard]] std::size_t bytes() const { return bytes_for(budget_, sets_ * logs_per_set); }
  /// Bytes that so many keys take: a word for whose log it is, and the log; beside them four for what a set has lost.
  static std::uint64_t bytes_for(const Budget& budget, std::uint64_t keys) {
    return keys * ((1 + SlidingLog::words(budget)) * sizeof(std::uint64_t) + sizeof(Lost) / logs_per_set);
  }

 private:
  /// The most that a log said when it was taken from its key, and until when that counts.
  struct Lost {
    std::uint64_t spent = 0;
    Time until{};
  };
  struct Free {
    void operator()(std::uint64_t* memory) const { std::free(memory); }
  };
  /// Gives a log that has spent so much to a key that has none.
  void hand_over(SlidingLog& log, std::uint64_t spent, Lost& lost, Time now) const;
  [[nodiscard]] SlidingLog log_at(std::uint64_t* words) const {
    return {budget_, std::span(words + 1, SlidingLog::words(budget_))};
  }

  const Budget& budget_;
  std::size_t words_;  // of one log with its owner
  std::size_t sets_;
  std::unique_ptr<std::uint64_t[], Free> memory_;
  std::vector<Lost> lost_;  // of each set
};

}  // namespace weir
