// One window after the other.
#include "overload/tuner.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace weir {
namespace {

// How far the limit in force swings around its middle: twice this is what throughput is seen to follow or not. Less
// drowns in the noise of a hundred answers (1 / sqrt(100)), more costs throughput.
constexpr double swing = 0.1;
// Weight that a pair of windows keeps from one to the next: about seven pairs are remembered.
constexpr double memory = 0.85;
// Pairs of windows tell something from here on: two full swings' worth.
constexpr double swings_enough = 2 * (2 * swing) * (2 * swing) * 0.5;
// Above it nobody queues; below it more requests are more queue. Between them little can be said.
constexpr double follows_fully = 0.5;
constexpr double follows_hardly = 0.15;
// Parts of the limit that may stand in somebody's queue: enough that no server idles between two requests, and less
// than would double the time of an answer.
constexpr double queue_low = 0.1;
constexpr double queue_good = 0.2;
constexpr double queue_high = 0.3;
// Growth in a window: a half before anything is known, a tenth from then on; and the most it falls.
constexpr double growth_first = 1.5;
constexpr double growth = 1.1;
constexpr double fall_most = 0.8;
constexpr double fall_on_failures = 0.9;
constexpr double failures_many = 0.1;
// Requests that wait, as a part of those answered, above which it is the limit that decides how many are under way, and
// not how many come: only then does it tell something when throughput goes with them.
constexpr double waited_full = 0.75;
// How fast the baseline goes to what is measured, up and down, and how it falls on suspicion.
constexpr double baseline_up = 0.5;
constexpr double baseline_down = 0.3;
constexpr double baseline_suspected = 0.99;

double seconds_of(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-9;
}

/// Remembers how throughput went with the requests under way since the window before.
void compare(TunerState& state, double in_flight, double throughput) {
  if (state.has_last) {
    const double further = in_flight - state.last_in_flight;
    state.follows = memory * state.follows + further * (throughput - state.last_throughput);
    state.swings = memory * state.swings + further * further;
  }
  state.last_in_flight = in_flight;
  state.last_throughput = throughput;
  state.has_last = true;
}

void move_baseline(TunerState& state, double latency, bool full) {
  if (state.baseline == 0) {
    state.baseline = latency;
  } else if (latency < state.baseline) {
    state.baseline += baseline_down * (latency - state.baseline);
  } else if (full && state.swings >= swings_enough) {
    const double follows = elasticity(state);
    if (follows > follows_fully) state.baseline += baseline_up * (latency - state.baseline);
    if (follows < follows_hardly) state.baseline *= baseline_suspected;
  }
}

void move_limit(TunerState& state, double latency) {
  const double queued = 1 - state.baseline / latency;  // as a part of the limit
  // Something has changed behind us: what was learned before says nothing about it.
  if (queued > queue_high && !std::exchange(state.queues, queued > queue_high)) state.follows = state.swings = 0;
  state.queues = queued > queue_high;
  if (queued > queue_high) {
    state.limit *= std::max(fall_most, state.baseline / latency / (1 - queue_good));
    state.fell = true;
  } else if (queued < queue_low) {
    state.limit = std::max(state.limit * (state.fell ? growth : growth_first), state.limit + 1);
  }
}

}  // namespace

double elasticity(const TunerState& state) {
  return state.swings > 0 ? state.follows / state.swings : 0.5;
}

WindowIs judge_window(const TunerFacts& facts) {
  const std::uint64_t ended = facts.answered + facts.failed;
  if (facts.length > 10 * tuner_window_max) return WindowIs::void_of_use;
  const bool long_enough = facts.length >= tuner_window_max && ended >= tuner_window_answers_min;
  return long_enough || ended >= tuner_window_answers ? WindowIs::full : WindowIs::open;
}

TunerState tune(const TunerBounds& bounds, const TunerState& before, const TunerFacts& facts) {
  TunerState state = before;
  if (state.limit == 0) state.limit = bounds.initial;
  ++state.windows;
  const auto answered = static_cast<double>(facts.answered);
  if (static_cast<double>(facts.failed) > failures_many * (answered + static_cast<double>(facts.failed))) {
    state.limit *= fall_on_failures;
    state.fell = true;
    state.has_last = false;
  } else if (facts.answered > 0) {
    const double latency = seconds_of(facts.latency_total) / answered;
    const bool full = static_cast<double>(facts.waited) > waited_full * answered;
    if (full) {
      compare(state, std::log(std::max(1.0, static_cast<double>(facts.in_flight_total) / answered)),
              std::log(answered / seconds_of(facts.length)));
    } else {
      state.has_last = false;
    }
    move_baseline(state, latency, full);
    if (facts.waited > 0) move_limit(state, latency);
  }
  state.limit = std::clamp(state.limit, double(bounds.minimum), double(bounds.maximum));
  return state;
}

std::uint32_t limit_in_force(const TunerBounds& bounds, const TunerState& state) {
  if (state.limit == 0) return bounds.initial;
  const double away = state.has_last ? std::max(1.0, swing * state.limit) : 0;
  const double limit = state.windows % 2 == 0 ? state.limit + away : state.limit - away;
  return static_cast<std::uint32_t>(std::lround(std::clamp(limit, double(bounds.minimum), double(bounds.maximum))));
}

}  // namespace weir
