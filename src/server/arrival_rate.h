// Whether a request's content arrives so slowly that its client only holds an exchange.
//
// Idea: only the time in which we waited for the client counts against its rate: an upstream that reads slowly is not
// the client's doing.
#pragma once

#include <chrono>

#include "base/limits.h"
#include "base/units.h"

namespace weir {

class ArrivalRate {
 public:
  /// \param timeouts  client_body_rate and its grace; must outlive this
  explicit ArrivalRate(const Timeouts& timeouts) : timeouts_(timeouts) {}

  void waited(Duration duration) { waited_ += duration; }
  [[nodiscard]] bool too_slow(ByteCount bytes_read) const {
    if (timeouts_.client_body_rate == 0 || waited_ < timeouts_.client_body_rate_grace) return false;
    const auto milliseconds =
        static_cast<ByteCount>(std::chrono::duration_cast<std::chrono::milliseconds>(waited_).count());
    return bytes_read < timeouts_.client_body_rate * milliseconds / 1000;
  }

 private:
  const Timeouts& timeouts_;
  Duration waited_{};
};

}  // namespace weir
