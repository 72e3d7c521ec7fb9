// How many requests may be under way at once, when nobody has said how many.
//
// Problem: too few leave the servers behind us idle; too many only make everybody wait in *their* queue, where nobody
// can be let go. The right number is what keeps them just busy, and it changes when servers come, go, or slow down.
// Idea: Vegas (Brakmo and Peterson, 1995; for requests: Netflix concurrency-limits), with its target corrected by what
// really happens, as Uber's Cinnamon does. Vegas compares the time an answer takes with the time it takes when nobody
// waits (the baseline): limit * (1 - baseline / latency) requests stand in somebody's queue, and a few of those are
// good. Its weakness is the baseline: servers that have become slower look like a queue, and the limit falls without
// end. So the limit in force swings a little around its middle, and from window to window it is seen whether the
// throughput follows (elasticity 1: nobody queues, what is measured is the baseline) or not (0: all the more is queue).
// No window is squeezed in order to measure, as Envoy's gradient controller does.
//
//   what a window shows                                    what follows
//   throughput follows the requests under way (> 0.5)      the baseline goes to what is measured
//   throughput does not follow (< 0.15)                    the baseline falls slowly: perhaps it was taken in a queue
//   less than a tenth of the limit queues, and some wait   the limit grows, by a half until it first had to fall
//   more than 3 in 10 queue                                it falls, towards what would leave 2 in 10, by a fifth at
//   most more than a tenth failed for want of time or room      it falls by a tenth nobody waited for a place it stays:
//   what is not used tells nothing
//
// Pure: facts of a window in, the next state out. All numbers stand below with their reasons; overload_table_test and
// `./dev bench overload` show what they give.
#pragma once

#include <cstdint>

#include "base/units.h"

namespace weir {

/// Between which the limit may move, and where it begins.
struct TunerBounds {
  std::uint32_t minimum = 4;
  std::uint32_t maximum = 1000;
  std::uint32_t initial = 20;
  friend bool operator==(const TunerBounds&, const TunerBounds&) = default;
};

/// What one window has shown.
struct TunerFacts {
  Duration length{};                  ///< of the window
  std::uint64_t answered = 0;         ///< requests that were answered in it, in time
  std::uint64_t failed = 0;           ///< those that failed for want of time or room
  Duration latency_total{};           ///< of the answered, from their place to the answer's head
  std::uint64_t in_flight_total = 0;  ///< places taken, counted at each answer
  std::uint64_t waited = 0;           ///< requests that had to wait for a place
};

struct TunerState {
  double limit = 0;           ///< the middle; 0: nothing is known yet
  double baseline = 0;        ///< seconds an answer takes when nobody waits; 0: not known
  double follows = 0;         ///< weighed sums over pairs of windows: of how far throughput followed,
  double swings = 0;          ///< and of how far the requests under way went
  double last_in_flight = 0;  ///< logarithms of the window before; throughput 0: there was none
  double last_throughput = 0;
  bool has_last = false;
  bool queues = false;  ///< more queued in the window before than should
  bool fell = false;    ///< the limit had to fall once: it grows carefully from then on
  std::uint32_t windows = 0;
};

/// What a window shows is enough to go by when this many were answered.
inline constexpr std::uint64_t tuner_window_answers = 200;
/// A window is at least so long, and at most, however few were answered.
inline constexpr Duration tuner_window_min = std::chrono::milliseconds{100};
inline constexpr Duration tuner_window_max = std::chrono::seconds{1};
/// With so few a window goes on nevertheless, for as long as ten of the longest take.
inline constexpr std::uint64_t tuner_window_answers_min = 20;

/// Whether a window has shown enough to go by, is to go on, or has gone on for so long that nothing can be said of it:
/// there was no traffic, and what was answered first is what is answered fastest.
enum class WindowIs : std::uint8_t { open, full, void_of_use };
WindowIs judge_window(const TunerFacts& facts);

/// The state after a window.
TunerState tune(const TunerBounds& bounds, const TunerState& state, const TunerFacts& facts);

/// The limit in force until the next window ends: the middle, and while it is used, a little more or less in turns.
std::uint32_t limit_in_force(const TunerBounds& bounds, const TunerState& state);

/// How far throughput follows the requests under way: 1 fully, 0 not at all; 0.5 when not known.
double elasticity(const TunerState& state);

}  // namespace weir
