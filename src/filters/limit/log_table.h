// The keys of an exact log: as bounded as the table of the others, with more memory for each key.
//
// Idea: sets of four logs, one core. A new key takes the log that has spent least, as it is: a log that is over is as
// new; one that is not counts the newcomer too strictly.
#pragma once

#include <cstdlib>
#include <memory>

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
  /// Bytes that so many keys take: a word for whose log it is, and the log.
  static std::uint64_t bytes_for(const Budget& budget, std::uint64_t keys) {
    return keys * (1 + SlidingLog::words(budget)) * sizeof(std::uint64_t);
  }

 private:
  struct Free {
    void operator()(std::uint64_t* memory) const { std::free(memory); }
  };
  [[nodiscard]] SlidingLog log_at(std::uint64_t* words) const {
    return {budget_, std::span(words + 1, SlidingLog::words(budget_))};
  }

  const Budget& budget_;
  std::size_t words_;  // of one log with its owner
  std::size_t sets_;
  std::unique_ptr<std::uint64_t[], Free> memory_;
};

}  // namespace weir
