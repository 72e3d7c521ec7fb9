// What became of something of an upstream, counted on the whole machine and over reloads.
//
// Idea: each core writes cells of its own, and whoever scrapes adds them up.
#pragma once

#include <string>
#include <vector>

#include "contracts/metrics.h"
#include "contracts/shared_states.h"

namespace weir {

/// \tparam Cells  what one core writes: a struct of Cell, aligned to a cache line
template <typename Cells>
class CoreCounts : public SharedState {
 public:
  using Core = Cells;

  CoreCounts(std::string upstream, unsigned cores) : upstream_(std::move(upstream)), cores_(cores) {}

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
