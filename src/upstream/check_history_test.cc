// What rows of results come to; a row is written as letters, p for passed and f for failed.
#include "upstream/check_history.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// The state after each result: U up, D down, ? unknown.
std::string states(std::string_view results, std::uint32_t up_after = 2, std::uint32_t down_after = 3) {
  CheckHistory history;
  std::string text;
  for (const char result : results) {
    history = decide(history, result == 'p', up_after, down_after).next;
    text += history.state == CheckState::up ? 'U' : history.state == CheckState::down ? 'D' : '?';
  }
  return text;
}

TEST(CheckHistory, first_good_answer_is_believed_at_once) {
  EXPECT_EQ(states("p"), "U");
  EXPECT_EQ(states("fp"), "?U");
}

TEST(CheckHistory, as_many_failures_as_configured_take_it_down) {
  EXPECT_EQ(states("pfff"), "UUUD");
  EXPECT_EQ(states("fff"), "??D");
  EXPECT_EQ(states("pf", 1, 1), "UD");
}

TEST(CheckHistory, one_good_answer_between_begins_the_count_anew) {
  EXPECT_EQ(states("pffpffpfff"), "UUUUUUUUUD");
}

TEST(CheckHistory, as_many_good_answers_as_configured_bring_it_back) {
  EXPECT_EQ(states("pfffpp"), "UUUDDU");
  EXPECT_EQ(states("pfffpfpp"), "UUUDDDDU");
}

TEST(CheckHistory, change_is_told_with_its_reason) {
  const CheckVerdict first = decide({}, true, 2, 3);
  EXPECT_TRUE(first.changed);
  EXPECT_EQ(first.reason, "first_check_passed");
  const CheckVerdict last = decide({.state = CheckState::up, .against = 2}, false, 2, 3);
  EXPECT_TRUE(last.changed);
  EXPECT_EQ(last.reason, "checks_failed");
  EXPECT_FALSE(decide({.state = CheckState::up, .against = 1}, false, 2, 3).changed);
}

TEST(CheckHistory, never_changes_before_its_threshold_whatever_comes) {
  Random random(7);
  for (int round = 0; round < 2'000; ++round) {
    const auto up_after = static_cast<std::uint32_t>(1 + random.below(5));
    const auto down_after = static_cast<std::uint32_t>(1 + random.below(5));
    CheckHistory history{.state = CheckState::up};
    std::uint32_t row = 0;
    for (int step = 0; step < 50; ++step) {
      const bool passed = random.chance(0.5);
      const CheckHistory before = history;
      row = passed == (before.state == CheckState::up) ? 0 : row + 1;
      history = decide(before, passed, up_after, down_after).next;
      const bool changed = history.state != before.state;
      EXPECT_EQ(changed, row == (passed ? up_after : down_after));
      if (changed) row = 0;
    }
  }
}

TEST(CheckHistory, doubt_is_cleared_up_quickly_and_nobody_asks_in_step) {
  const CheckRules rules{.every = 10s, .retry_every = 1s};
  const CheckHistory sure{.state = CheckState::up};
  const CheckHistory doubtful{.state = CheckState::up, .against = 1};
  EXPECT_EQ(next_check_after(sure, rules, 0), 9s);
  EXPECT_EQ(next_check_after(sure, rules, 2000), 11s);
  EXPECT_EQ(next_check_after(doubtful, rules, 1000), 1s);
  const CheckRules eager{.every = 200ms, .retry_every = 1s};
  EXPECT_LE(next_check_after(doubtful, eager, 2000), 220ms) << "a retry never waits longer than a check";
}

}  // namespace
}  // namespace weir
