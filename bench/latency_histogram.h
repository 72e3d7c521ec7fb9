// Latencies in a log-linear histogram (the layout known from HdrHistogram).
//
// Problem: an open-loop run records tens of thousands of latencies a second, from microseconds to seconds, and the
// percentiles that matter sit at the far end; keeping every value costs memory and a sort, averages hide the tail.
// Idea: each power of two is divided into 64 equal steps, so that a recorded value is known within 1.6 % everywhere.
// Recording is a shift and an increment.
//
// Invariants
//   (1) bucket_of() never falls as the value grows, and value_of(bucket_of(v)) <= v < v * (1 + 1/64) + 1.
//   (2) total_ is the sum of counts_.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace weir::bench {

class LatencyHistogram {
 public:
  /// Records one latency in nanoseconds; below zero counts as zero.
  void record(std::int64_t latency_ns) {
    const auto value = static_cast<std::uint64_t>(latency_ns < 0 ? 0 : latency_ns);
    ++counts_[bucket_of(value)];
    ++total_;
    if (value > largest_ns_) largest_ns_ = value;
  }

  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] double largest_us() const { return static_cast<double>(largest_ns_) / 1000; }

  /// The latency in microseconds that `share` (0..1) of the recorded values do not pass; 0 when nothing is recorded.
  [[nodiscard]] double quantile_us(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen > wanted) return static_cast<double>(value_of(bucket)) / 1000;
    }
    return largest_us();
  }

 private:
  static constexpr unsigned step_bits = 6;  // 64 steps for each power of two
  static constexpr std::size_t steps = std::size_t{1} << step_bits;

  [[nodiscard]] static std::size_t bucket_of(std::uint64_t value) {
    if (value < steps) return static_cast<std::size_t>(value);
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - step_bits;
    return static_cast<std::size_t>((value >> shift) + (std::uint64_t{shift} << step_bits));
  }

  [[nodiscard]] static std::uint64_t value_of(std::size_t bucket) {
    if (bucket < 2 * steps) return bucket;
    const std::size_t shift = (bucket >> step_bits) - 1;
    return std::uint64_t{(bucket & (steps - 1)) + steps} << shift;
  }

  std::array<std::uint64_t, (64 - step_bits + 1) * steps> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t largest_ns_ = 0;
};

}  // namespace weir::bench
