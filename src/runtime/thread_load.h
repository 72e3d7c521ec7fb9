// How busy the calling thread has been of late.
//
// Problem: work that may be done better or worse (compression) should be done worse when the core is the bottleneck.
// Idea: the kernel knows how long a thread ran, and how long it was ready but waited for a processor: together the time
// for which it wanted one. Read at most every interval, and only when somebody asks.
#pragma once

#include <functional>

#include "base/units.h"

namespace weir {

class ThreadLoad {
 public:
  static constexpr Duration interval = std::chrono::milliseconds{250};

  /// Nanoseconds for which the calling thread has wanted a processor so far.
  using Wanted = std::function<Duration()>;

  explicit ThreadLoad(Wanted wanted = &time_wanted) : wanted_(std::move(wanted)) {}

  /// Thousandths of the time up to the last reading: 0 idle, 1000 never idle. Always from the same thread.
  unsigned busy(Time now);

  /// From /proc/thread-self/schedstat; without it, the processor time alone.
  static Duration time_wanted();

 private:
  Wanted wanted_;
  bool begun_ = false;
  Time read_at_{};
  Duration wanted_at_{};
  unsigned busy_ = 0;
};

}  // namespace weir
