// How long an upstream usually takes to begin its answer, of late.
//
// Idea: a histogram with eight buckets per doubling (HDR's log-linear layout: a value is known within an eighth),
// filled by 500 answers and then read and begun anew, so that what is said is true of the last 500 to 1,000. Adding one
// is a few instructions; the percentile is computed once in 500.
//
// Invariants
//   (1) usual() says nothing before first_look answers were seen: a percentile of a handful is a guess.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/units.h"

namespace weir {

class LatencyWindow {
 public:
  static constexpr std::uint32_t first_look = 100;
  static constexpr std::uint32_t window = 500;

  /// \param per_mille  which percentile usual() is; 950 is the 95th
  explicit LatencyWindow(std::uint32_t per_mille) : per_mille_(per_mille) {}

  void observe(Duration took);
  /// The percentile, at most an eighth too high; nothing while too few answers were seen.
  [[nodiscard]] std::optional<Duration> usual() const { return usual_; }
  [[nodiscard]] std::uint32_t per_mille() const { return per_mille_; }

 private:
  // Microseconds up to 2^32 (an hour and more), eight buckets per doubling.
  static constexpr unsigned sub_bits = 3;
  static constexpr std::size_t buckets = (32 - sub_bits + 1) << sub_bits;

  static std::size_t bucket_of(std::uint64_t microseconds);
  static Duration upper_bound_of(std::size_t bucket);
  [[nodiscard]] Duration percentile() const;

  std::uint32_t per_mille_;
  std::uint32_t count_ = 0;
  bool looked_ = false;
  std::optional<Duration> usual_;
  std::array<std::uint32_t, buckets> counts_{};
};

}  // namespace weir
