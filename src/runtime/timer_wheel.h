// Deadlines by the thousand.
//
// Problem: every connection has a deadline that is moved on every request and almost never passes.
// Idea: a hierarchical wheel (Varghese and Lauck, 1987) with 1 ms ticks: 5 levels of 64 slots reach 12 days. A timer
// is a list link; arming and disarming are constant time. Whoever moves a deadline later does not touch the wheel at
// all: the timer fires at its old time, looks at the stored deadline and arms itself again (lazy re-arm).
//
// Invariants
//   (1) A timer never fires before its deadline; it fires at most one tick plus the turn's length after it.
//   (2) occupied_[level] has bit s set exactly when slot s of that level is not empty.
//   (3) Timers of one tick fire in the order in which they were armed at that level: simulation depends on it.
#pragma once

#include <array>
#include <cstdint>

#include "base/intrusive_list.h"
#include "base/units.h"

namespace weir {

class TimerWheel;

/// Something that wants to be told when its time has come.
class Timer : public ListLink {
 public:
  [[nodiscard]] bool armed() const { return linked(); }
  /// When it was last armed for; meaningless when not armed.
  [[nodiscard]] Time due() const { return due_; }

 protected:
  /// A timer that is destroyed while armed would still be counted by its wheel, which then waits for it for ever.
  ~Timer() { invariant(!armed(), "a timer is disarmed before it is destroyed"); }
  /// Called disarmed; may arm again.
  virtual void fire(Time now) = 0;

 private:
  friend class TimerWheel;
  Time due_{};
  std::uint16_t slot_ = 0;  // level * slots + slot, while armed
};

class TimerWheel {
 public:
  explicit TimerWheel(Time start) : tick_(ticks_of(start)) {}

  /// Arms (or moves) a timer.
  void arm(Timer& timer, Time due);
  void disarm(Timer& timer);

  /// Fires all timers due at or before `now`. \returns whether any fired
  bool advance(Time now);

  /// No timer is due before this moment; `never` when none is armed. May be early (a slot of a higher level has to be
  /// opened), never late.
  [[nodiscard]] Time next_due() const;
  [[nodiscard]] bool empty() const { return armed_ == 0; }
  [[nodiscard]] std::size_t armed_count() const { return armed_; }

 private:
  static constexpr unsigned levels = 5;
  static constexpr unsigned slot_bits = 6;
  static constexpr unsigned slots = 1U << slot_bits;
  static constexpr std::int64_t tick_nanoseconds = 1'000'000;

  static std::int64_t ticks_of(Time time) { return time.time_since_epoch().count() / tick_nanoseconds; }
  static std::int64_t ticks_after(Time due);
  void place(Timer& timer, std::int64_t due_tick);
  void open(unsigned level, unsigned slot);
  [[nodiscard]] std::int64_t next_tick() const;

  std::int64_t tick_;  // every tick up to and including this one has been fired
  std::size_t armed_ = 0;
  std::array<std::uint64_t, levels> occupied_{};
  std::array<std::array<IntrusiveList<Timer>, slots>, levels> wheel_;
};

}  // namespace weir
