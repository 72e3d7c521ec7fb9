// How much more than the requests themselves an upstream is asked to do: the budget of retries and hedges.
//
// Problem: when an upstream fails, each request that is tried three times makes three of it, just when there is room
// for none; retries then keep down what would have come back by itself. A number of attempts per request does not
// bound that; a share of the traffic does.
// Idea: count the requests of the last ten seconds, and the extra ones beside them. One more is allowed while all extra
// ones stay within a share of the requests, plus a few per second, so that little traffic can be tried again, too
// (the same rule as Finagle's RetryBudget: 20 %, 10 a second, ten seconds). Retries and hedges have a budget each.
//
// What never left this machine is no load and is not counted: see upstream/retry.h.
//
// Invariants
//   (1) One core's counts, written and read by it alone. A figure that holds for the process is divided by its cores.
//   (2) totals_ is the sum of slots_; a slot that is older than the window is zero.
#pragma once

#include <array>
#include <cstdint>

#include "base/units.h"
#include "contracts/option_share.h"

namespace weir {

/// What a budget allows.
struct BudgetSettings {
  Share share = percent(20);          ///< of the requests of the last ten seconds
  std::uint32_t per_second_min = 10;  ///< allowed whatever the share says; of the whole process
};

/// What it is decided from.
struct BudgetFacts {
  std::uint32_t requests = 0;     ///< of the window, this one included
  std::uint32_t extra = 0;        ///< of the window
  std::uint32_t always = 0;       ///< extra ones that are allowed without any share
  std::uint32_t per_million = 0;  ///< of the requests, allowed beside
};

/// Whether one more is within the budget. Pure.
constexpr bool allows_one_more(const BudgetFacts& facts) {
  const std::uint64_t share = std::uint64_t{facts.requests} * facts.per_million / 1'000'000;
  return facts.extra < facts.always + share;
}

/// The traffic of one upstream on one core.
class ExtraLoad {
 public:
  enum class Kind : std::uint8_t { retry, hedge };
  static constexpr std::size_t window_seconds = 10;

  /// A request came; what it is tried beyond the first time is extra.
  void count_request(Time now) {
    if (now >= slot_ends_) [[unlikely]]
      turn(now);
    ++slot_->requests;
    ++totals_.requests;
  }
  void count_extra(Kind kind, Time now);
  /// \param cores  that share the budget of the process
  [[nodiscard]] BudgetFacts facts(Kind kind, const BudgetSettings& settings, unsigned cores, Time now);

 private:
  struct Counts {
    std::uint32_t requests = 0;
    std::array<std::uint32_t, 2> extra{};  // by kind
  };

  void turn(Time now);
  void forget(Counts& slot);

  std::array<Counts, window_seconds> slots_;
  Counts totals_;
  Counts* slot_ = slots_.data();  // of this second
  Time slot_ends_{};
};

}  // namespace weir
