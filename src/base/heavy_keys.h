// The heaviest of many keys, in memory that does not grow.
//
// Problem: operators want to know who it is; a counter or a metric for each key is a memory that outsiders fill.
// Idea: Filtered Space-Saving (Homem and Carvalho, "Finding top-k elements in data streams", 2010), a refinement of
// Space-Saving (Metwally, Agrawal and El Abbadi, 2005). So many keys are monitored, each with a counter; all others
// count in the cells of a filter, by their hashes. A key whose cell has reached the least counter takes that one over
// and goes on counting from what the cell says, which it may owe to others: that is its error. So a flood of keys that
// come once each hardly ever moves anything.
//
// How wrong it is, after N was counted with m counters (heavy_keys_test.cc holds it against exact counts)
//   (1) A monitored key had `count` at most and `count - error` at least.
//   (2) No cell holds more than the least counter, which is N/m at most: the counters' sum grows by what is counted at
//       most, since whoever takes over brings no more than the least counter and what is counted now.
//   (3) So a key that is not monitored had N/m at most, and whoever had more is there.
//
// Its core writes, anybody reads: each entry has a version that is odd while it changes hands, and a reader that saw
// it change passes the entry over.
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

namespace weir {

struct HeavyKey {
  std::string text;
  std::uint64_t count = 0;  ///< it had so much at most
  std::uint64_t error = 0;  ///< and so much less at least
  std::uint64_t hash = 0;
};

/// What a reader found.
struct HeavyReading {
  std::vector<HeavyKey> keys;  ///< in no order
  std::uint64_t least = 0;     ///< a key that is not among them had so much at most
};

class HeavyKeys {
 public:
  /// By its own core only. \param text  asked only when the key is new here
  template <typename Text>
  void count(std::uint64_t hash, const Text& text, std::uint64_t amount = 1) {
    for (std::size_t at = 0; at < monitored; ++at) {
      if (get(hashes_[at]) == hash && get(counts_[at]) > 0) return set(counts_[at], get(counts_[at]) + amount);
    }
    std::uint64_t& cell = cell_of(hash);
    // Counters only grow: as long as the cell has not reached what the least one was, it has not reached the least.
    if (cell + amount >= least_) {
      const std::size_t least = find_least();
      if (cell + amount >= least_) return take_over(least, hash, text(), cell, amount);
    }
    cell += amount;
  }

  /// Halves all counts, so that what was long ago weighs less. By its own core only.
  void fade() {
    for (std::size_t at = 0; at < monitored; ++at) {
      set(counts_[at], get(counts_[at]) / 2);
      set(errors_[at], get(errors_[at]) / 2);
    }
    for (std::uint64_t& cell : cells_) cell /= 2;
    (void)find_least();
  }

  /// As if nothing had been counted. By its own core only.
  void clear() {
    for (auto& count : counts_) set(count, 0);
    cells_.fill(0);
    least_ = 0;
  }

  /// Hashes without their texts, and what each had at least: a flood of keys that come once makes nobody heavy. Cheap
  /// enough for fifty times a second. One that changes meanwhile may show what its former key had.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::size_t at = 0; at < monitored; ++at) {
      const std::uint64_t count = get(counts_[at]);
      const std::uint64_t error = get(errors_[at]);
      if (count > error) visit(get(hashes_[at]), count - error);
    }
  }

  /// From any thread.
  [[nodiscard]] HeavyReading read() const {
    HeavyReading reading{.keys = {}, .least = ~std::uint64_t{0}};
    for (std::size_t at = 0; at < monitored; ++at) {
      const std::uint32_t before = texts_[at].version.load(std::memory_order_acquire);
      HeavyKey key{
          .text = texts_[at].read(), .count = get(counts_[at]), .error = get(errors_[at]), .hash = get(hashes_[at])};
      std::atomic_thread_fence(std::memory_order_acquire);
      const bool changed = before % 2 == 1 || texts_[at].version.load(std::memory_order_relaxed) != before;
      reading.least = std::min(reading.least, key.count);
      if (changed || key.count == 0) continue;
      key.error = std::min(key.error, key.count);  // of the key before, when it was read in between
      reading.keys.push_back(std::move(key));
    }
    return reading;
  }
  /// Those that are there, in no order.
  [[nodiscard]] std::vector<HeavyKey> all() const { return read().keys; }

 private:
  static constexpr std::size_t monitored = limits::heavy_keys;
  static constexpr std::size_t text_bytes = limits::heavy_key_bytes;
  static constexpr std::size_t words = text_bytes / sizeof(std::uint64_t);
  /// Of the filter, four for each counter: then a cell seldom serves two keys of weight (the paper advises more cells
  /// than counters, since they are smaller).
  static constexpr unsigned cell_bits = 7;

  using Number = std::atomic<std::uint64_t>;
  static std::uint64_t get(const Number& number) { return number.load(std::memory_order_relaxed); }
  static void set(Number& number, std::uint64_t value) { number.store(value, std::memory_order_relaxed); }

  struct Text {
    std::atomic<std::uint32_t> version{0};
    std::array<Number, words> bytes{};

    void write(std::string_view text, std::uint64_t hash) {
      std::array<char, text_bytes> padded{};
      std::copy_n(text.data(), std::min(text.size(), padded.size()), padded.data());
      if (text.size() > padded.size()) end_with(padded, hash);
      for (std::size_t at = 0; at < words; ++at) {
        std::uint64_t word = 0;
        std::memcpy(&word, padded.data() + at * sizeof(word), sizeof(word));
        set(bytes[at], word);
      }
    }
    [[nodiscard]] std::string read() const {
      std::array<char, text_bytes> padded;
      for (std::size_t at = 0; at < words; ++at) {
        const std::uint64_t word = get(bytes[at]);
        std::memcpy(padded.data() + at * sizeof(word), &word, sizeof(word));
      }
      return {padded.data(), ::strnlen(padded.data(), padded.size())};
    }
  };

  /// Long texts that begin alike are told apart by the last eight digits of their hashes.
  static void end_with(std::array<char, text_bytes>& text, std::uint64_t hash) {
    constexpr std::size_t digits = 8;
    char* at = text.data() + text.size() - digits - 1;
    *at++ = '#';
    for (std::size_t digit = digits; digit > 0; --digit) *at++ = "0123456789abcdef"[(hash >> (4 * (digit - 1))) & 15U];
  }

  /// Hashes may be small numbers in tests; the product spreads them over the high bits.
  std::uint64_t& cell_of(std::uint64_t hash) { return cells_[(hash * 0x9E3779B97F4A7C15ULL) >> (64 - cell_bits)]; }

  std::size_t find_least() {
    std::size_t least = 0;
    for (std::size_t at = 1; at < monitored; ++at) {
      if (get(counts_[at]) < get(counts_[least])) least = at;
    }
    least_ = get(counts_[least]);
    return least;
  }

  void take_over(std::size_t at, std::uint64_t hash, std::string_view text, std::uint64_t error, std::uint64_t amount) {
    Text& entry = texts_[at];
    const std::uint32_t version = entry.version.load(std::memory_order_relaxed);
    entry.version.store(version + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    // Whoever leaves is remembered by its cell; the newcomer's is read before, should it be the same.
    if (const std::uint64_t left = get(counts_[at]); left > 0) cell_of(get(hashes_[at])) = left;
    entry.write(text, hash);
    set(hashes_[at], hash);
    set(errors_[at], error);
    set(counts_[at], error + amount);
    entry.version.store(version + 2, std::memory_order_release);
  }

  std::array<Number, monitored> hashes_{};
  std::array<Number, monitored> counts_{};
  std::array<Number, monitored> errors_{};
  std::uint64_t least_ = 0;  // no counter is less
  std::array<std::uint64_t, std::size_t{1} << cell_bits> cells_{};
  std::array<Text, monitored> texts_{};
};

}  // namespace weir
