// What became of the questions for their load that servers of an upstream were asked, on the whole machine and over
// reloads.
#pragma once

#include <string>
#include <vector>

#include "contracts/metrics.h"
#include "contracts/shared_states.h"

namespace weir {

class ProbeCounts final : public SharedState {
 public:
  /// What one core writes.
  struct alignas(64) Core {
    Cell reported;  ///< probes that came back with a report
    Cell silent;    ///< ... with an answer that holds none, or not with 2xx
    Cell failed;    ///< ... with none: refused, reset, too late
    Cell skipped;   ///< not sent: the server still owes the answer to the one before
    Cell picks;     ///< requests that were sent where a report said
  };

  ProbeCounts(std::string upstream, unsigned cores) : upstream_(std::move(upstream)), cores_(cores) {}

  [[nodiscard]] const std::string& upstream() const { return upstream_; }
  [[nodiscard]] Core& core(unsigned number) { return cores_[number < cores_.size() ? number : 0]; }
  [[nodiscard]] std::uint64_t sum_of(Cell Core::* cell) const {
    std::uint64_t sum = 0;
    for (const Core& each : cores_) sum += (each.*cell).get();
    return sum;
  }

 private:
  const std::string upstream_;
  std::vector<Core> cores_;
};

}  // namespace weir
