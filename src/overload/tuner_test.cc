// Shows: what each kind of window does to the limit. How: windows that are made up; what they do together is in
// overload_test.
#include "overload/tuner.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using std::chrono::milliseconds;

constexpr TunerBounds bounds{.minimum = 4, .maximum = 1000, .initial = 20};

/// A tenth of a second in which `per_second` were answered, each after `latency`.
TunerFacts window(double per_second, Duration latency, std::uint64_t waited = 1'000'000) {
  const auto answered = static_cast<std::uint64_t>(per_second / 10);
  const double in_flight = per_second * std::chrono::duration<double>(latency).count();
  return {.length = milliseconds{100},
          .answered = answered,
          .failed = 0,
          .latency_total = latency * static_cast<std::int64_t>(answered),
          .in_flight_total = static_cast<std::uint64_t>(in_flight * static_cast<double>(answered)),
          .waited = waited};
}

/// Servers that do so many at once, each in so long: what a window shows under a limit that is used up.
TunerFacts behind(std::uint32_t limit, double workers, Duration takes) {
  const double at_once = std::min<double>(limit, workers);
  const double per_second = at_once / std::chrono::duration<double>(takes).count();
  return window(per_second, std::chrono::duration_cast<Duration>(takes * (limit / at_once)));
}

TunerState settled(TunerState state, double workers, Duration takes, unsigned windows = 60) {
  for (unsigned count = 0; count < windows; ++count)
    state = tune(bounds, state, behind(limit_in_force(bounds, state), workers, takes));
  return state;
}

TEST(Tuner, begins_where_it_is_told_and_stays_while_nobody_waits) {
  EXPECT_EQ(limit_in_force(bounds, {}), 20U);
  const TunerState state = tune(bounds, {}, window(500, milliseconds{10}, 0));
  EXPECT_EQ(limit_in_force(bounds, state), 20U);
  EXPECT_DOUBLE_EQ(state.baseline, 0.010);
}

TEST(Tuner, a_window_that_shows_too_little_goes_on_and_one_without_traffic_says_nothing) {
  const auto judged = [](std::uint64_t answered, Duration length) {
    return judge_window({.length = length, .answered = answered});
  };
  EXPECT_EQ(judged(199, milliseconds{999}), WindowIs::open);
  EXPECT_EQ(judged(200, milliseconds{100}), WindowIs::full);
  EXPECT_EQ(judged(20, milliseconds{1000}), WindowIs::full);
  EXPECT_EQ(judged(19, milliseconds{9000}), WindowIs::open);
  EXPECT_EQ(judged(1'000'000, milliseconds{10'001}), WindowIs::void_of_use);
}

TEST(Tuner, finds_how_many_keep_the_servers_busy) {
  for (const double workers : {8.0, 64.0, 300.0}) {
    const TunerState state = settled({}, workers, milliseconds{10});
    EXPECT_GE(state.limit, workers * 0.95);
    EXPECT_LE(state.limit, workers * 1.5 + 2);
  }
}

TEST(Tuner, falls_when_servers_go_and_grows_when_they_return) {
  TunerState state = settled({}, 64, milliseconds{10});
  state = settled(state, 32, milliseconds{10}, 30);
  EXPECT_LE(state.limit, 48 + 2);
  state = settled(state, 64, milliseconds{10}, 30);
  EXPECT_GE(state.limit, 60);
}

TEST(Tuner, servers_that_have_become_slower_are_no_queue) {
  TunerState state = settled({}, 64, milliseconds{10});
  state = settled(state, 64, milliseconds{30}, 40);
  EXPECT_GE(state.limit, 60) << "Vegas alone would go down to its minimum";
  EXPECT_NEAR(state.baseline, 0.030, 0.006);
}

TEST(Tuner, failures_for_want_of_time_lower_it) {
  TunerState state = settled({}, 64, milliseconds{10});
  const double before = state.limit;
  TunerFacts facts = behind(64, 64, milliseconds{10});
  facts.failed = facts.answered;
  state = tune(bounds, state, facts);
  EXPECT_DOUBLE_EQ(state.limit, before * 0.9);
}

TEST(Tuner, never_leaves_its_bounds) {
  constexpr TunerBounds narrow{.minimum = 10, .maximum = 12, .initial = 11};
  TunerState state;
  for (unsigned count = 0; count < 100; ++count) {
    state = tune(narrow, state, behind(limit_in_force(narrow, state), count < 50 ? 100 : 1, milliseconds{10}));
    EXPECT_GE(limit_in_force(narrow, state), 10U);
    EXPECT_LE(limit_in_force(narrow, state), 12U);
  }
}

}  // namespace
}  // namespace weir
