// So many at once, and so many more as time goes by: what a peer may do before it is too much.
//
// Invariants
//   (1) Pure: time is an argument; the same payments at the same times come to the same.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/units.h"

namespace weir {

class Purse {
 public:
  /// \param each  the time that earns one; above zero
  Purse(Time now, unsigned at_once, Duration each) : at_once_(at_once), each_(each), left_(at_once), filled_(now) {}
  Purse(Time now, unsigned at_once, unsigned per_second) : Purse(now, at_once, one_of(per_second)) {}

  static Duration one_of(unsigned per_second) { return std::chrono::nanoseconds{1'000'000'000} / per_second; }

  bool pay(Time now) {
    if (left(now) == 0) return false;
    --left_;
    return true;
  }
  void earn(unsigned amount) { left_ = std::min(left_ + amount, at_once_); }

  /// What could be paid for now.
  unsigned left(Time now) {
    fill(now);
    return left_;
  }
  /// \pre amount <= left()
  void spend(unsigned amount) { left_ -= amount; }

 private:
  void fill(Time now) {
    if (now - filled_ < each_) return;  // mostly: many payments come at the same time
    const std::int64_t earned = (now - filled_) / each_;
    const bool full = earned >= static_cast<std::int64_t>(at_once_ - left_);
    left_ = full ? at_once_ : left_ + static_cast<unsigned>(earned);
    filled_ = full ? now : filled_ + earned * each_;
  }

  unsigned at_once_;
  Duration each_;
  unsigned left_;
  Time filled_;
};

}  // namespace weir
