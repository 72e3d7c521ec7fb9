// The keys that a rule refuses most, without a metric for each key.
//
// Problem: operators want to know who it is; a label per key is a memory that outsiders fill.
// Idea: the Space-Saving sketch (Metwally, Agrawal and El Abbadi, 2005): a fixed number of counters; a key without one
// takes over the smallest and goes on counting from there. Whoever was refused more often than all refusals divided by
// the number of counters is among them; a count is too large by the smallest counter at most, and never too small.
//
// Its core writes, anybody reads: each entry has a version that is odd while it changes, and a reader that saw it
// change passes the entry over.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"

namespace weir::limit {

struct HeavyKey {
  std::string text;
  std::uint64_t count = 0;
  std::uint64_t hash = 0;
};

class HeavyKeys {
 public:
  /// By its own core only. \param text  asked only when the key is new here
  template <typename Text>
  void count(std::uint64_t hash, const Text& text, std::uint64_t amount = 1) {
    Entry* least = entries_.data();
    for (Entry& entry : entries_) {
      if (entry.hash.load(std::memory_order_relaxed) == hash) {
        entry.count.store(entry.count.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
        return;
      }
      if (entry.count.load(std::memory_order_relaxed) < least->count.load(std::memory_order_relaxed)) least = &entry;
    }
    take_over(*least, hash, text(), amount);
  }

  /// Halves all counts, so that what was long ago weighs less. By its own core only.
  void fade() {
    for (Entry& entry : entries_)
      entry.count.store(entry.count.load(std::memory_order_relaxed) / 2, std::memory_order_relaxed);
  }

  /// Hashes and counts without their texts; cheap enough for fifty times a second. One that changes meanwhile may show
  /// its former count.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Entry& entry : entries_) {
      const std::uint64_t count = entry.count.load(std::memory_order_relaxed);
      if (count > 0) visit(entry.hash.load(std::memory_order_relaxed), count);
    }
  }

  /// Those that are there, in no order.
  [[nodiscard]] std::vector<HeavyKey> all() const {
    std::vector<HeavyKey> found;
    for (const Entry& entry : entries_) {
      const std::uint32_t before = entry.version.load(std::memory_order_acquire);
      HeavyKey key{.text = entry.read_text(),
                   .count = entry.count.load(std::memory_order_relaxed),
                   .hash = entry.hash.load(std::memory_order_relaxed)};
      std::atomic_thread_fence(std::memory_order_acquire);
      const bool changed = before % 2 == 1 || entry.version.load(std::memory_order_relaxed) != before;
      if (!changed && key.count > 0) found.push_back(std::move(key));
    }
    return found;
  }

 private:
  static constexpr std::size_t words = limits::limit_heavy_key_bytes / sizeof(std::uint64_t);

  struct Entry {
    std::atomic<std::uint32_t> version{0};
    std::atomic<std::uint64_t> hash{0};
    std::atomic<std::uint64_t> count{0};
    std::array<std::atomic<std::uint64_t>, words> text{};

    [[nodiscard]] std::string read_text() const {
      std::array<char, limits::limit_heavy_key_bytes> bytes;
      for (std::size_t at = 0; at < words; ++at) {
        const std::uint64_t word = text[at].load(std::memory_order_relaxed);
        std::memcpy(bytes.data() + at * sizeof(word), &word, sizeof(word));
      }
      return {bytes.data(), ::strnlen(bytes.data(), bytes.size())};
    }
  };

  static void take_over(Entry& entry, std::uint64_t hash, std::string_view text, std::uint64_t amount) {
    std::array<char, limits::limit_heavy_key_bytes> bytes{};
    std::copy_n(text.data(), std::min(text.size(), bytes.size()), bytes.data());
    const std::uint32_t version = entry.version.load(std::memory_order_relaxed);
    entry.version.store(version + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    for (std::size_t at = 0; at < words; ++at) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + at * sizeof(word), sizeof(word));
      entry.text[at].store(word, std::memory_order_relaxed);
    }
    entry.hash.store(hash, std::memory_order_relaxed);
    entry.count.store(entry.count.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    entry.version.store(version + 2, std::memory_order_release);
  }

  std::array<Entry, limits::limit_heavy_keys> entries_{};
};

}  // namespace weir::limit
