// The percentile of an upstream's own times: how exact, from when on, and for how long it is believed.
#include "upstream/latency_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

TEST(LatencyWindow, says_nothing_before_a_hundred_answers) {
  LatencyWindow window(950);
  for (unsigned seen = 0; seen + 1 < LatencyWindow::first_look; ++seen) window.observe(10ms);
  EXPECT_FALSE(window.usual());
  window.observe(10ms);
  ASSERT_TRUE(window.usual());
  EXPECT_GE(*window.usual(), 10ms);
  EXPECT_LE(*window.usual(), 10ms * 9 / 8 + 1us);
}

TEST(LatencyWindow, percentile_is_within_an_eighth_of_the_true_one) {
  for (const std::uint32_t per_mille : {500U, 900U, 950U, 990U, 999U}) {
    Random random(per_mille);
    LatencyWindow window(per_mille);
    std::vector<Duration> times;
    for (unsigned seen = 0; seen < LatencyWindow::window; ++seen) {
      times.push_back(std::chrono::microseconds{1 + random.below(1ULL << random.below(25))});
      window.observe(times.back());
    }
    std::ranges::sort(times);
    const Duration exact = times[(times.size() * per_mille + 999) / 1000 - 1];
    ASSERT_TRUE(window.usual());
    EXPECT_GE(*window.usual(), exact) << per_mille;
    EXPECT_LE(*window.usual(), exact * 9 / 8 + 1us) << per_mille;
  }
}

TEST(LatencyWindow, follows_an_upstream_that_has_become_slow) {
  LatencyWindow window(950);
  for (unsigned seen = 0; seen < LatencyWindow::window; ++seen) window.observe(1ms);
  EXPECT_LT(*window.usual(), 2ms);
  for (unsigned seen = 0; seen < LatencyWindow::window; ++seen) window.observe(100ms);
  EXPECT_GE(*window.usual(), 100ms);
}

TEST(LatencyWindow, takes_times_that_are_none_and_those_without_end) {
  LatencyWindow window(999);
  for (unsigned seen = 0; seen < LatencyWindow::first_look; ++seen)
    window.observe(seen % 2 == 0 ? Duration{-1} : 10'000h);
  EXPECT_GT(*window.usual(), 1h);
}

}  // namespace
}  // namespace weir
