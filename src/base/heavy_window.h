// The heaviest keys of the last seconds, by one core.
//
// Problem: who was heavy yesterday is not who is heavy now; and a sketch that is asked for every request costs each of
// them some sixty instructions, and its key a hash.
// Idea: two sketches take turns, one for the present window and one for the window before; a reader takes both. The
// first so many of a window are counted one by one, so that a quiet gateway shows everybody; of those behind, one in
// so many is drawn by chance and weighs as many.
//
// How wrong it is: as heavy_keys.h says, and, of what was drawn, by chance: a key that came n times is off by
// sqrt((one_in - 1) n) in two cases of three at most (4 % of 10,000).
//
// Windows begin at the same moments on all cores, so that their readings may be added up (heavy_report.h).
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "base/crypto.h"
#include "base/heavy_keys.h"
#include "base/random.h"
#include "base/units.h"

namespace weir {

/// One window of one core, as a reader found it.
struct HeavyWindowReading {
  HeavyReading heavy;
  std::uint64_t total = 0;  ///< of all keys; counted one by one
};

class HeavyWindow {
 public:
  static constexpr Duration length = std::chrono::seconds{10};
  /// Requests of a window that are counted one by one: a hundred each second.
  static constexpr std::uint64_t each = 1000;
  /// Of those behind them.
  static constexpr std::uint64_t one_in = 16;

  explicit HeavyWindow(std::uint64_t seed) : random_(seed) {}

  /// By its own core only. \param hash, text  asked only for what is drawn
  template <typename Hash, typename Text>
  void count(Time now, const Hash& hash, const Text& text, std::uint64_t amount = 1) {
    if (now >= ends_) [[unlikely]]
      turn(now);
    Part& part = *present_;
    part.total.store(part.total.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    if (--until_drawn_ > 0) return;
    part.keys.count(hash(), text, amount * weight());
  }

  /// Windows that are not over for longer than one window, the beginning of the earlier of which is `since()`. From
  /// any thread.
  template <typename Visit>
  void read(Time now, Visit visit) const {
    for (const Part& part : parts_) {
      if (part.began.load(std::memory_order_acquire) < since(now)) continue;
      visit(HeavyWindowReading{.heavy = part.keys.read(), .total = part.total.load(std::memory_order_relaxed)});
    }
  }
  /// When what a reader finds now began, whenever it was first counted.
  static Time since(Time now) { return Time{now.time_since_epoch() / length * length} - length; }
  /// The moment of the first count; never before that. From any thread.
  [[nodiscard]] Time born() const { return born_.load(std::memory_order_relaxed); }

 private:
  struct Part {
    std::atomic<Time> began{Time::min()};
    std::atomic<std::uint64_t> total{0};
    HeavyKeys keys;
  };

  void turn(Time now) {
    if (present_ == nullptr) born_.store(now, std::memory_order_relaxed);
    present_ = present_ == &parts_[0] ? &parts_[1] : &parts_[0];
    present_->began.store(Time::min(), std::memory_order_release);  // readers keep away
    present_->keys.clear();
    present_->total.store(0, std::memory_order_relaxed);
    const Time began = since(now) + length;
    present_->began.store(began, std::memory_order_release);
    ends_ = began + length;
    counted_ = 0;
    until_drawn_ = 1;
  }

  /// What the one that was drawn stands for; says which comes next.
  std::uint64_t weight() {
    ++counted_;
    until_drawn_ = counted_ < each ? 1 : 1 + random_.below(2 * one_in - 1);  // one_in in the mean
    return counted_ <= each ? 1 : one_in;
  }

  std::array<Part, 2> parts_;
  Part* present_ = nullptr;
  Time ends_ = Time::min();
  std::uint64_t counted_ = 0;
  std::uint64_t until_drawn_ = 1;
  Random random_;
  std::atomic<Time> born_{never};
};

/// A window that is made by its core with its first count: few of those that could be are ever used.
class LazyHeavyWindow {
 public:
  LazyHeavyWindow() = default;
  LazyHeavyWindow(const LazyHeavyWindow&) = delete;
  LazyHeavyWindow& operator=(const LazyHeavyWindow&) = delete;
  ~LazyHeavyWindow() { delete window_.load(std::memory_order_relaxed); }

  /// By its own core only.
  HeavyWindow& window() {
    HeavyWindow* window = window_.load(std::memory_order_relaxed);
    if (window == nullptr) [[unlikely]] {
      window = new HeavyWindow(crypto::HashKey::random().hash("what is drawn"));
      window_.store(window, std::memory_order_release);
    }
    return *window;
  }
  /// From any thread; null before the first count.
  [[nodiscard]] const HeavyWindow* made() const { return window_.load(std::memory_order_acquire); }

 private:
  std::atomic<HeavyWindow*> window_{nullptr};
};

}  // namespace weir
