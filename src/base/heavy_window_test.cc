// Windows take turns, what is drawn stands for the rest, and what cores say adds up.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/heavy_report.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr Time start{1000s};  // a window begins there

void count(HeavyWindow& window, Time now, std::uint64_t key, int times = 1) {
  for (int time = 0; time < times; ++time)
    window.count(now, [&] { return key; }, [&] { return "key " + std::to_string(key); });
}

HeavyReport report_of(const std::vector<const HeavyWindow*>& windows, Time now, std::size_t most = 10) {
  HeavyReporter reporter(now);
  for (const HeavyWindow* window : windows)
    window->read(now, [&](const HeavyWindowReading& reading) { reporter.add(reading); });
  return reporter.report(most);
}

TEST(HeavyWindow, a_reader_finds_the_present_window_and_the_one_before) {
  HeavyWindow window(1);
  count(window, start + 1s, 7, 3);
  EXPECT_EQ(report_of({&window}, start + 2s).keys.at(0).at_least, 3U);
  count(window, start + 11s, 7, 2);
  EXPECT_EQ(report_of({&window}, start + 12s).keys.at(0).at_least, 5U);
  EXPECT_EQ(report_of({&window}, start + 21s).keys.at(0).at_least, 2U) << "nobody came, and time went on";
  EXPECT_TRUE(report_of({&window}, start + 31s).keys.empty());
  count(window, start + 60s, 8);
  const HeavyReport report = report_of({&window}, start + 60s);
  ASSERT_EQ(report.keys.size(), 1U) << "what was before the silence is not the window before";
  EXPECT_EQ(report.keys[0].text, "key 8");
  EXPECT_EQ(report.total, 1U);
}

TEST(HeavyWindow, what_is_read_began_one_window_before_the_present_one_or_with_the_first_count) {
  EXPECT_EQ(HeavyWindow::since(start), start - 10s);
  EXPECT_EQ(HeavyWindow::since(start + 9s), start - 10s);
  LazyHeavyWindow lazy;
  HeavyReporter before(start);
  before.add(lazy);
  EXPECT_TRUE(before.report(1).keys.empty());
  count(lazy.window(), start + 4s, 1);
  HeavyReporter young(start + 5s);
  young.add(lazy);
  EXPECT_EQ(young.report(1).since, start + 4s);
  HeavyReporter old(start + 25s);
  old.add(lazy);
  EXPECT_EQ(old.report(1).since, start + 10s);
}

TEST(HeavyWindow, the_first_of_a_window_are_counted_one_by_one) {
  HeavyWindow window(1);
  for (std::uint64_t request = 0; request < HeavyWindow::each; ++request) count(window, start, request % 5);
  const HeavyReport report = report_of({&window}, start);
  for (const HeavyReport::Key& key : report.keys) {
    EXPECT_EQ(key.at_least, HeavyWindow::each / 5);
    EXPECT_EQ(key.at_most, HeavyWindow::each / 5);
  }
}

// Of 200 runs with different draws, so many may be off by three standard errors as chance allows: 0.3 %.
TEST(HeavyWindow, what_is_drawn_is_off_by_no_more_than_is_said) {
  int beyond = 0;
  double sum = 0;
  constexpr int runs = 200;
  constexpr int requests = 40'000;
  for (int run = 0; run < runs; ++run) {
    HeavyWindow window(static_cast<std::uint64_t>(run));
    Random random(static_cast<std::uint64_t>(run) + 1000);
    std::uint64_t exact = 0;
    for (int request = 0; request < requests; ++request) {
      const bool heavy = random.below(4) == 0;
      exact += heavy ? 1 : 0;
      count(window, start, heavy ? 1 : 2 + random.below(3));
    }
    const HeavyReport report = report_of({&window}, start);
    EXPECT_EQ(report.total, static_cast<std::uint64_t>(requests)) << "all are counted one by one, whoever it was";
    for (const HeavyReport::Key& key : report.keys) {
      if (key.text != "key 1") continue;
      const double off = middle(key) - static_cast<double>(exact);
      sum += off / static_cast<double>(exact);
      if (std::abs(off) > 3 * std::sqrt(static_cast<double>(HeavyWindow::one_in - 1) * static_cast<double>(exact)))
        ++beyond;
    }
  }
  EXPECT_LE(beyond, 3);
  EXPECT_NEAR(sum / runs, 0, 0.01) << "chance takes no side";
}

TEST(HeavyReport, bounds_of_cores_hold_together) {
  Random random(11);
  HeavyWindow one(1);
  HeavyWindow other(2);
  std::map<std::string, std::uint64_t> exact;
  // Fewer than are drawn from, so that only the sketches err.
  for (std::uint64_t request = 0; request < HeavyWindow::each; ++request) {
    for (HeavyWindow* core : {&one, &other}) {
      const std::uint64_t key = core == &one ? random.below(1 + random.below(80)) : 40 + random.below(80);
      ++exact["key " + std::to_string(key)];
      count(*core, start, key);
    }
  }
  const HeavyReport report = report_of({&one, &other}, start, 1000);
  EXPECT_EQ(report.total, 2 * HeavyWindow::each);
  std::map<std::string, HeavyReport::Key> found;
  for (const HeavyReport::Key& key : report.keys) found[key.text] = key;
  for (const auto& [text, times] : exact) {
    if (!found.contains(text)) {
      EXPECT_LE(times, report.others_at_most);
      continue;
    }
    EXPECT_LE(found[text].at_least, times);
    EXPECT_GE(found[text].at_most, times);
  }
}

TEST(HeavyReport, what_is_left_out_is_one_of_the_others) {
  HeavyWindow window(1);
  count(window, start, 1, 50);
  count(window, start, 2, 30);
  count(window, start, 3, 10);
  const HeavyReport report = report_of({&window}, start, 1);
  ASSERT_EQ(report.keys.size(), 1U);
  EXPECT_EQ(report.keys[0].text, "key 1");
  EXPECT_EQ(report.others_at_most, 30U);
  EXPECT_NEAR(heaviest_share(report), 50.0 / 90, 1e-9);
  EXPECT_EQ(heaviest_share(HeavyReport{}), 0);
}

}  // namespace
}  // namespace weir
