// Which slots of a table have changed since somebody looked: one bit each.
//
// Idea: whoever charges sets a bit that is not set yet; whoever keeps what was counted takes a word of bits at a time
// and then reads the slots, so that a charge that comes meanwhile sets its bit again. A million keys are half a
// mebibyte of bits, and looking through them takes some microseconds.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::limit {

class ChangedSlots {
 public:
  explicit ChangedSlots(std::size_t slots) : words_((slots + 63) / 64) {}

  void mark(std::size_t slot) {
    std::atomic<std::uint64_t>& word = words_[slot / 64];
    const std::uint64_t bit = std::uint64_t{1} << slot % 64;
    if ((word.load() & bit) == 0) word.fetch_or(bit);
  }

  /// Takes the marks of a part of the slots, from where it ended last, until `most` were visited or all were looked at.
  template <typename Visit>
  void take(std::size_t most, const Visit& visit) {
    std::size_t visited = 0;
    for (std::size_t looked = 0; looked < words_.size() && visited < most; ++looked) {
      const std::size_t at = next_;
      next_ = next_ + 1 == words_.size() ? 0 : next_ + 1;
      if (words_[at].load() == 0) continue;
      for (std::uint64_t bits = words_[at].exchange(0); bits != 0; bits &= bits - 1, ++visited)
        visit(at * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
    }
  }

 private:
  std::vector<std::atomic<std::uint64_t>> words_;
  std::size_t next_ = 0;
};

}  // namespace weir::limit
