// Time and size, so that a number never travels without its unit.
//
// Time is the reactor's: nanoseconds since an arbitrary start, real or simulated. Wall time is only for what people
// read (logs, Date) and never decides anything.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir {

using Duration = std::chrono::nanoseconds;

/// The clock of a reactor. It has no now(): ask the reactor, so that simulated time is the only time there is.
struct ReactorClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<ReactorClock>;
  static constexpr bool is_steady = true;
};
using Time = ReactorClock::time_point;
/// A deadline that never passes.
inline constexpr Time never = Time::max();

/// Seconds and nanoseconds since 1970-01-01T00:00:00Z, for people.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// The moment `after` from `now`; a negative duration means "no limit" and gives `never`, as does one beyond all time.
constexpr Time deadline_after(Time now, Duration after) {
  return after < Duration::zero() || after > never - now ? never : now + after;
}
/// What a configuration's `none` becomes.
inline constexpr Duration no_limit = Duration{-1};
/// What is left until `deadline`: nothing when it is over, no_limit for `never`.
constexpr Duration time_left(Time now, Time deadline) {
  return deadline == never ? no_limit : std::max(deadline - now, Duration::zero());
}

using ByteCount = std::uint64_t;
inline constexpr ByteCount kibibyte = 1024;
inline constexpr ByteCount mebibyte = 1024 * kibibyte;
/// No bound at all.
inline constexpr ByteCount unbounded = ~ByteCount{0};

}  // namespace weir
