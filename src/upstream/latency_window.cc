// Buckets and what is read from them.
#include "upstream/latency_window.h"

#include <algorithm>
#include <bit>

namespace weir {

void LatencyWindow::observe(Duration took) {
  const auto microseconds = static_cast<std::uint64_t>(std::max(took, Duration::zero()).count()) / 1000;
  ++counts_[bucket_of(microseconds)];
  ++count_;
  if (count_ < (looked_ ? window : first_look)) return;
  usual_ = percentile();
  if (count_ >= window) {
    counts_ = {};
    count_ = 0;
  }
  looked_ = true;
}

std::size_t LatencyWindow::bucket_of(std::uint64_t microseconds) {
  constexpr std::uint64_t most = (std::uint64_t{1} << 32) - 1;
  const std::uint64_t value = std::min(microseconds, most);
  if (value < (1U << sub_bits)) return value;
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - sub_bits - 1;
  return (static_cast<std::size_t>(shift) << sub_bits) + (value >> shift);
}

Duration LatencyWindow::upper_bound_of(std::size_t bucket) {
  constexpr std::size_t linear = std::size_t{1} << sub_bits;
  if (bucket < 2 * linear) return std::chrono::microseconds{bucket + 1};
  const std::size_t shift = (bucket >> sub_bits) - 1;
  const std::uint64_t mantissa = bucket - (shift << sub_bits);
  return std::chrono::microseconds{(mantissa + 1) << shift};
}

Duration LatencyWindow::percentile() const {
  const std::uint64_t rank = (std::uint64_t{count_} * per_mille_ + 999) / 1000;
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return upper_bound_of(bucket);
  }
  return upper_bound_of(buckets - 1);
}

}  // namespace weir
