// When to wait a little for more work before doing some.
//
// Problem: at 60,000 requests a second on a half-idle core, each event is its own wake-up, and the wake-up costs more
// than the request. At 1,000 a second waiting only adds latency.
// Idea: a pure function of the measured arrival rate. Waiting for `cap` is worth it when it will gather at least
// `events_worth_waiting` events; a core that was not idle before this turn never waits, since it has gathered already.
//
// Numbers (one core, 60,000/s open loop): 50 us of waiting took a request from 12.5-13.6 us to 9.5-9.8 us of CPU;
// 200 us to 8.7. At 5,000/s it cost more than it saved.
#pragma once

#include "base/units.h"

namespace weir {

class WakeCoalescer {
 public:
  /// Fewer events than this in a pause of `cap` do not pay for the extra timer wake-up.
  static constexpr double events_worth_waiting = 2.0;

  explicit WakeCoalescer(Duration cap) : cap_(cap) {}

  [[nodiscard]] bool enabled() const { return cap_ > Duration::zero(); }

  /// Tells how many events the turn that ended at `now` has brought.
  void observe(std::size_t events, Time now) {
    events_ += static_cast<double>(events);
    const Duration window = now - window_begin_;
    if (window < measuring_window) return;
    // Half the old figure, half the new: follows a change of load within a few windows.
    per_nanosecond_ = (per_nanosecond_ + events_ / static_cast<double>(window.count())) / 2;
    events_ = 0;
    window_begin_ = now;
  }

  /// How long to pause before asking the kernel; zero for not at all.
  /// \param was_idle  nothing was ready when the kernel was asked without waiting
  [[nodiscard]] Duration pause(bool was_idle) const {
    if (!enabled() || !was_idle) return Duration::zero();
    return per_nanosecond_ * static_cast<double>(cap_.count()) >= events_worth_waiting ? cap_ : Duration::zero();
  }

 private:
  static constexpr Duration measuring_window = std::chrono::milliseconds{5};

  Duration cap_;
  double per_nanosecond_ = 0;
  double events_ = 0;
  Time window_begin_{};
};

}  // namespace weir
