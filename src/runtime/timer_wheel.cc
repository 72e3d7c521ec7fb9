// The wheel's arithmetic.
#include "runtime/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace weir {

std::int64_t TimerWheel::ticks_after(Time due) {
  const std::int64_t nanoseconds = due.time_since_epoch().count();
  return nanoseconds / tick_nanoseconds + (nanoseconds % tick_nanoseconds != 0 ? 1 : 0);
}

void TimerWheel::arm(Timer& timer, Time due) {
  if (timer.armed()) disarm(timer);
  timer.due_ = due;
  ++armed_;
  place(timer, std::max(ticks_after(due), tick_ + 1));
}

void TimerWheel::disarm(Timer& timer) {
  if (!timer.armed()) return;
  timer.unlink();
  --armed_;
  const unsigned level = timer.slot_ / slots;
  const unsigned slot = timer.slot_ % slots;
  if (wheel_[level][slot].empty()) occupied_[level] &= ~(std::uint64_t{1} << slot);
}

// The level is the one whose unit the distance fills at most 64 times; beyond the wheel's reach a timer waits as far
// out as the wheel goes and is placed again from there.
void TimerWheel::place(Timer& timer, std::int64_t due_tick) {
  constexpr std::int64_t reach = std::int64_t{1} << (slot_bits * levels);
  const std::int64_t distance = std::min(due_tick - tick_, reach - 1);
  const unsigned level = (static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(distance))) - 1) / slot_bits;
  const auto slot = static_cast<unsigned>((tick_ + distance) >> (slot_bits * level)) % slots;
  timer.slot_ = static_cast<std::uint16_t>(level * slots + slot);
  occupied_[level] |= std::uint64_t{1} << slot;
  wheel_[level][slot].push_back(timer);
}

// Moves a higher slot's timers to where they belong as seen from the present tick.
void TimerWheel::open(unsigned level, unsigned slot) {
  occupied_[level] &= ~(std::uint64_t{1} << slot);
  IntrusiveList<Timer> moved;
  moved.splice_back(wheel_[level][slot]);
  while (Timer* timer = moved.pop_front()) {
    const std::int64_t due_tick = ticks_after(timer->due_);
    if (due_tick <= tick_) {
      // Due at this very tick: into the level-0 slot that advance() is about to fire.
      const auto now_slot = static_cast<unsigned>(tick_) % slots;
      timer->slot_ = static_cast<std::uint16_t>(now_slot);
      occupied_[0] |= std::uint64_t{1} << now_slot;
      wheel_[0][now_slot].push_back(*timer);
    } else {
      place(*timer, due_tick);
    }
  }
}

// The next tick at which a level-0 slot fires or a higher slot opens.
std::int64_t TimerWheel::next_tick() const {
  std::int64_t best = INT64_MAX;
  for (unsigned level = 0; level < levels; ++level) {
    if (occupied_[level] == 0) continue;
    const std::int64_t unit = tick_ >> (slot_bits * level);
    const auto position = static_cast<int>(unit % slots);
    // Rotate so that bit 0 is the slot after the present one.
    const std::uint64_t rotated = std::rotr(occupied_[level], position + 1);
    const std::int64_t steps = std::countr_zero(rotated) + 1;
    best = std::min(best, (unit + steps) << (slot_bits * level));
  }
  return best;
}

bool TimerWheel::advance(Time now) {
  bool fired = false;
  const std::int64_t target = ticks_of(now);
  while (armed_ > 0) {
    const std::int64_t tick = next_tick();
    if (tick > target) break;
    tick_ = tick;
    for (unsigned level = levels - 1; level > 0; --level) {
      const std::int64_t below = (std::int64_t{1} << (slot_bits * level)) - 1;
      const auto slot = static_cast<unsigned>(tick_ >> (slot_bits * level)) % slots;
      if ((tick_ & below) == 0 && (occupied_[level] >> slot & 1) != 0) open(level, slot);
    }
    const auto slot = static_cast<unsigned>(tick_) % slots;
    occupied_[0] &= ~(std::uint64_t{1} << slot);
    IntrusiveList<Timer> due;
    due.splice_back(wheel_[0][slot]);
    while (Timer* timer = due.pop_front()) {
      --armed_;
      fired = true;
      timer->fire(now);
    }
  }
  tick_ = std::max(tick_, target);
  return fired;
}

Time TimerWheel::next_due() const {
  if (armed_ == 0) return never;
  return Time{Duration{next_tick() * tick_nanoseconds}};
}

}  // namespace weir
