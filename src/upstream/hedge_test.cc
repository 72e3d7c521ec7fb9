// The two tables of a hedged request.
#include "upstream/hedge.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Hedge, is_sent_only_when_nothing_speaks_against_it) {
  const HedgeFacts good{.other_endpoint = true, .attempts_max = 3, .budget = {.always = 1}};
  EXPECT_TRUE(decide(good).send);
  const auto reason = [&](auto change) {
    HedgeFacts facts = good;
    change(facts);
    const HedgeVerdict verdict = decide(facts);
    EXPECT_FALSE(verdict.send);
    return verdict.reason;
  };
  EXPECT_EQ(reason([](HedgeFacts& f) { f.other_endpoint = false; }), "no_other_endpoint");
  EXPECT_EQ(reason([](HedgeFacts& f) { f.upload_running = true; }), "still_uploading");
  EXPECT_EQ(reason([](HedgeFacts& f) { f.body_held = false; }), "body_not_kept");
  EXPECT_EQ(reason([](HedgeFacts& f) { f.attempts_made = 3; }), "attempts_used_up");
  EXPECT_EQ(reason([](HedgeFacts& f) { f.budget = {}; }), "budget_used_up");
}

TEST(Hedge, first_good_answer_wins_and_a_fast_failure_does_not) {
  using Lane = RaceFacts::Lane;
  constexpr Lane running{};
  constexpr Lane broken{.over = true};
  constexpr Lane good{.over = true, .status = 200};
  constexpr Lane not_found{.over = true, .status = 404};
  constexpr Lane server_error{.over = true, .status = 503};
  const auto outcome = [](Lane first, Lane second) { return decide(RaceFacts{first, second}).outcome; };
  EXPECT_EQ(outcome(good, running), RaceOutcome::first);
  EXPECT_EQ(outcome(running, good), RaceOutcome::second);
  EXPECT_EQ(outcome(running, not_found), RaceOutcome::second);
  EXPECT_EQ(outcome(running, server_error), RaceOutcome::wait);
  EXPECT_EQ(outcome(broken, running), RaceOutcome::wait);
  EXPECT_EQ(outcome(broken, server_error), RaceOutcome::second);
  EXPECT_EQ(outcome(server_error, broken), RaceOutcome::first);
  EXPECT_EQ(outcome(server_error, good), RaceOutcome::second);
  EXPECT_EQ(outcome(broken, broken), RaceOutcome::first);
  EXPECT_EQ(outcome(server_error, server_error), RaceOutcome::first);
}

}  // namespace
}  // namespace weir
