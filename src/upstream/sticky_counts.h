// What became of sticky cookies of an upstream, on the whole machine and over reloads.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "contracts/metrics.h"
#include "contracts/shared_states.h"

namespace weir {

class StickyCounts final : public SharedState {
 public:
  /// What one core writes.
  struct alignas(64) Core {
    Cell kept;     ///< tries at the endpoint of a good cookie
    Cell moved;    ///< tries elsewhere than a good cookie says
    Cell refused;  ///< requests that may be answered by that endpoint only
    Cell foreign;  ///< requests with a cookie that no key of ours made
  };

  StickyCounts(std::string upstream, unsigned cores) : upstream_(std::move(upstream)), cores_(cores) {}

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
