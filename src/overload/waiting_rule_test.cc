// Shows: the table of waiting_rule.h, and when a line stands. How: the pure functions.
#include "overload/waiting_rule.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time start{std::chrono::hours{1}};
constexpr Time after(std::int64_t time) {
  return start + milliseconds{time};
}

TEST(WaitingRule, a_line_stands_when_it_was_not_empty_for_an_interval) {
  const BulkheadRule rule;
  Standing standing{.stands = false, .since = start};
  standing = look_at_line(rule, standing, after(50), true);
  standing = look_at_line(rule, standing, after(149), false);
  EXPECT_FALSE(standing.stands);
  standing = look_at_line(rule, standing, after(150), false);
  EXPECT_EQ(standing, (Standing{.stands = true, .since = after(150)}));
  EXPECT_TRUE(look_at_line(rule, standing, after(249), true).stands) << "an empty moment is not the end of it";
  EXPECT_FALSE(look_at_line(rule, standing, after(250), false).stands) << "nobody had to be let go";
}

TEST(WaitingRule, patience_is_short_while_a_line_stands) {
  BulkheadRule rule{.wait = seconds{1}};
  EXPECT_EQ(patience(rule, {.stands = false}, milliseconds{40}), seconds{1});
  EXPECT_EQ(patience(rule, {.stands = true}, milliseconds{40}), milliseconds{20}) << "half of what an answer takes";
  EXPECT_EQ(patience(rule, {.stands = true}, milliseconds{1}), target_min);
  EXPECT_EQ(patience(rule, {.stands = true}, seconds{10}), seconds{1}) << "never longer than anybody waits";
  rule.target = milliseconds{7};
  EXPECT_EQ(patience(rule, {.stands = true}, milliseconds{40}), milliseconds{7});
}

TEST(WaitingRule, whoever_comes_enters_waits_or_is_refused) {
  const auto reason = [](const WaitingFacts& facts) { return decide_waiting(facts).reason; };
  EXPECT_EQ(reason({.in_flight = 9, .limit = 10, .queue = 5}), "place_free");
  EXPECT_EQ(reason({.in_flight = 10, .limit = 10, .queue = 5}), "all_places_taken");
  EXPECT_EQ(decide_waiting({.in_flight = 9, .limit = 10, .waiting = 1, .queue = 5}).action, WaitingAction::wait)
      << "nobody overtakes those who wait";
  EXPECT_EQ(reason({.in_flight = 10, .limit = 10, .waiting = 5, .queue = 5}), "line_full");
  EXPECT_EQ(reason({.in_flight = 10, .limit = 10, .waiting = 5, .queue = 5, .displaces = Displacement::by_class}),
            "before_a_lower_class");
  const WaitingVerdict refused = decide_waiting({.in_flight = 10, .limit = 10, .queue = 0});
  EXPECT_EQ(refused.action, WaitingAction::refuse);
  EXPECT_EQ(refused.reason, "all_places_taken");
}

TEST(WaitingRule, whoever_waited_enters_or_is_let_go) {
  const WaitingFacts waited{.has_waited = true, .waited = milliseconds{4}, .patience = milliseconds{5}};
  EXPECT_EQ(decide_waiting(waited).reason, "its_turn");
  WaitingFacts late = waited;
  late.waited = late.patience;
  EXPECT_EQ(decide_waiting(late).reason, "waited_too_long");
  late.stands = true;
  EXPECT_EQ(decide_waiting(late).reason, "standing_line");
  WaitingFacts displaced = waited;
  displaced.displaces = Displacement::by_share;
  EXPECT_EQ(decide_waiting(displaced).verdict, "shed");
}

}  // namespace
}  // namespace weir
