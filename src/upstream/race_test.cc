// A second try beside the first: when it is sent, whose answer counts, and what becomes of the other.
#include "upstream/race.h"

#include <gtest/gtest.h>

#include "upstream/attempt_test_support.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

using upstream_test::Trial;

class RaceTest : public upstream_test::AttemptTest {};

TEST_F(RaceTest, slow_try_gets_another_beside_it_and_the_first_answer_wins) {
  hedge = {.after = 20ms, .share = percent(100)};
  script.answer_takes["10.0.0.1:80"] = 10s;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run(*shop, Method::put, "content");
  ASSERT_TRUE(trial->result->has_value());
  EXPECT_EQ(script.sent_to, (std::vector<std::string>{"10.0.0.1:80", "10.0.0.2:80"}));
  EXPECT_EQ(script.bodies[1], "content");
  EXPECT_EQ(trial->exchange.upstream_endpoint, "10.0.0.2:80");
  EXPECT_EQ(trial->exchange.attempts, 2U);
  EXPECT_EQ(script.given_up, 1U) << "the loser was canceled";
  EXPECT_LT(took, 40ms);
  EXPECT_EQ(trial->story(), "balance:picked pool:opened hedge:sent balance:picked pool:opened race:second");
  EXPECT_EQ(shard.metrics.hedges_won.get(), 1U);
  world.run_for(10ms);
  EXPECT_EQ(script.alive, 1U) << "and its connection condemned";
}

TEST_F(RaceTest, first_try_may_win_its_race) {
  hedge = {.after = 20ms, .share = percent(100)};
  script.answer_takes["10.0.0.1:80"] = 40ms;
  script.answer_takes["10.0.0.2:80"] = 10s;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run(*shop);
  EXPECT_EQ(trial->exchange.upstream_endpoint, "10.0.0.1:80");
  EXPECT_EQ(script.given_up, 1U);
  EXPECT_LT(took, 60ms);
}

TEST_F(RaceTest, usual_answer_is_not_hedged_and_post_never) {
  hedge = {.after = 20ms, .share = percent(100)};
  script.answer_takes["10.0.0.1:80"] = 10ms;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  run(*shop);
  EXPECT_EQ(script.sent_to.size(), 1U);
  EXPECT_EQ(took, 10ms);
  script.answer_takes["10.0.0.2:80"] = 50ms;
  run(*shop, Method::post, "once");
  EXPECT_EQ(script.sent_to.size(), 2U);
  EXPECT_EQ(shard.metrics.hedges.get(), 0U);
}

TEST_F(RaceTest, hedges_stay_within_their_budget) {
  hedge = {.after = 1ms, .share = percent(10)};
  script.answer_takes["10.0.0.1:80"] = script.answer_takes["10.0.0.2:80"] = 5ms;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  for (unsigned request = 0; request < 100; ++request) run(*shop);
  EXPECT_EQ(shard.metrics.hedges.get(), 10U);
  EXPECT_EQ(script.sent_to.size(), 110U);
}

TEST_F(RaceTest, percentile_of_its_own_times_says_what_is_slow) {
  hedge = {.after_per_mille = 950, .share = percent(100)};
  script.answer_takes["10.0.0.1:80"] = script.answer_takes["10.0.0.2:80"] = 10ms;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  for (unsigned request = 0; request < LatencyWindow::first_look; ++request) run(*shop);
  EXPECT_EQ(shard.metrics.hedges.get(), 0U) << "nothing is known yet";
  script.answer_takes["10.0.0.1:80"] = 10s;
  run(*shop);
  EXPECT_EQ(shard.metrics.hedges.get(), 1U);
  EXPECT_EQ(shard.metrics.hedges_won.get(), 1U);
}

TEST_F(RaceTest, when_both_tries_fail_the_table_decides_about_the_first) {
  hedge = {.after = 20ms, .share = percent(100)};
  timeouts.attempt = 60ms;
  retries.attempts_max = 2;
  script.answer_takes["10.0.0.1:80"] = script.answer_takes["10.0.0.2:80"] = 10s;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run(*shop);
  EXPECT_EQ(trial->result->error().code, Code::attempt_timeout);
  EXPECT_EQ(script.given_up, 2U);
  EXPECT_EQ(trial->exchange.attempts, 2U);
}

TEST_F(RaceTest, client_that_goes_away_takes_both_tries_with_it) {
  hedge = {.after = 20ms, .share = percent(100)};
  script.answer_takes["10.0.0.1:80"] = script.answer_takes["10.0.0.2:80"] = 10s;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  auto trial = std::make_unique<Trial>(shard, Method::get);
  trial->scope.spawn(send(*shop, *trial));
  world.run_for(50ms);
  EXPECT_EQ(script.sent_to.size(), 2U);
  trial->scope.cancel(client_error(Code::peer_closed));
  world.run_until([&] { return trial->result.has_value(); });
  EXPECT_EQ(script.given_up, 2U);
  EXPECT_EQ(trial->result->error().code, Code::peer_closed);
}

}  // namespace
}  // namespace weir
