// Which streams a peer has opened, as far as it must be told that it is wrong about one.
//
// Problem: a peer may pass over numbers, which closes them unopened, and must not use a number twice (RFC 9113 section
// 5.1.1); but frames for a stream that we have reset may still be on their way and are no mistake. libnghttp2 forgets
// which was which and lets all pass.
// Idea: numbers that were passed over are kept as ranges, nearly always none; of streams that the peer itself has
// ended, the last few. What is older is believed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace weir::h2 {

class StreamNumbers {
 public:
  using Number = std::int32_t;

  enum class Standing : std::uint8_t {
    fresh,        ///< above all so far
    passed_over,  ///< a higher one was opened instead: it can never be
    ended,        ///< the peer has said all it may on it
    known,        ///< opened once, or too long ago to tell
  };

  [[nodiscard]] Standing standing(Number number) const {
    if (number > last_) return Standing::fresh;
    const auto skipped = [number](const Range& range) { return range.first <= number && number <= range.second; };
    if (std::ranges::any_of(passed_over_, skipped)) return Standing::passed_over;
    return std::ranges::find(ended_, number) != ended_.end() ? Standing::ended : Standing::known;
  }

  /// \pre  fresh
  void open(Number number) {
    if (number > last_ + 2) passed_over_[next_passed_over_++ % passed_over_.size()] = {last_ + 1, number - 1};
    last_ = number;
  }
  void end(Number number) { ended_[next_ended_++ % ended_.size()] = number; }
  [[nodiscard]] Number last() const { return last_; }

 private:
  using Range = std::pair<Number, Number>;

  Number last_ = -1;  // so that 1 passes nothing over
  std::array<Range, 8> passed_over_{};
  std::array<Number, 16> ended_{};
  std::size_t next_passed_over_ = 0;
  std::size_t next_ended_ = 0;
};

}  // namespace weir::h2
