// A key and the word or the log that counts it, without a table.
#pragma once

#include <optional>
#include <vector>

#include "filters/limit/budget.h"
#include "filters/limit/sliding_log.h"

namespace weir {

/// A key that spends, whatever counts it.
class Spender {
 public:
  explicit Spender(const Budget& budget)
      : budget_(budget), words_(budget.algorithm == Algorithm::sliding_log ? SlidingLog::words(budget) : 0) {}

  BudgetVerdict spend(Time now, std::uint64_t cost = 1) {
    if (budget_.algorithm == Algorithm::sliding_log) {
      SlidingLog log(budget_, words_);
      log.notice_clock(now);
      const BudgetVerdict verdict = log.decide(now, cost);
      if (verdict.admitted) log.spend(now, cost);
      return verdict;
    }
    const BudgetVerdict verdict = decide_budget(budget_, state_, now, cost);
    state_ = verdict.state;
    return verdict;
  }
  void settle(Time now, std::int64_t more, const std::optional<Charge>& charge = {}) {
    state_ = settle_budget(budget_, state_, now, more, charge);
  }
  [[nodiscard]] std::uint64_t weight(Time now) const { return weigh_budget(budget_, state_, now); }

 private:
  Budget budget_;
  std::uint64_t state_ = 0;
  std::vector<std::uint64_t> words_;
};

inline std::uint64_t admitted_of(Spender& spender, Time now, unsigned tries) {
  std::uint64_t admitted = 0;
  for (; tries > 0; --tries) admitted += spender.spend(now).admitted ? 1 : 0;
  return admitted;
}

}  // namespace weir
