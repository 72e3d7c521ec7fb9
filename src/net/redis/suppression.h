// Whether a server that was late or gone is worth waiting for.
//
// Problem: a request that waits its whole budget for a server that will not answer has lost that time, and so has every
// request behind it.
// Idea: the first answer that misses its budget suppresses the server: nobody asks it any more but a probe. A probe
// that is answered within the budget ends it. Probes come at once, then after a pause that doubles; a server that was
// late again soon after it came back goes on where its pauses were, so that one which is slow half of the time costs
// little.
//
// Pure: times come in, answers go out.
#pragma once

#include <algorithm>

#include "base/units.h"

namespace weir::redis {

class Suppression {
 public:
  static constexpr Duration pause_min = std::chrono::milliseconds{100};
  static constexpr Duration pause_max = std::chrono::seconds{2};
  /// Whoever is late again within this time after he came back has not recovered.
  static constexpr Duration trial = std::chrono::seconds{1};

  [[nodiscard]] bool suppressed() const { return suppressed_; }

  /// An answer missed its budget, or the server is gone.
  /// \returns  whether this began it
  bool begin(Time now) {
    if (suppressed_) return false;
    const bool recovered = !seen_ || now - ended_ >= trial;
    if (recovered) pause_ = Duration{};
    seen_ = suppressed_ = true;
    return true;
  }
  /// A probe was answered in time.
  void end(Time now) {
    suppressed_ = false;
    ended_ = now;
  }
  /// How long to wait before the next probe. \param draw  uniform in [0, 1024): a fleet does not probe in step
  Duration next_pause(std::uint64_t draw) {
    const Duration pause = pause_;
    pause_ = std::clamp(2 * pause_, pause_min, pause_max);
    return pause - pause * static_cast<std::int64_t>(draw) / 4096;
  }

 private:
  bool suppressed_ = false;
  bool seen_ = false;
  Time ended_{};
  Duration pause_{};
};

}  // namespace weir::redis
