// The loop around a request: what is tried again, where, and what it leaves on the exchange.
#include "upstream/attempt.h"

#include <gtest/gtest.h>

#include "upstream/attempt_test_support.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

using upstream_test::AttemptTest;
using upstream_test::Trial;

TEST_F(AttemptTest, first_answer_is_the_answer) {
  const auto shop = cluster({"10.0.0.1:80"});
  const auto trial = run(*shop);
  EXPECT_EQ((*trial->result)->head.status, 200);
  EXPECT_EQ(trial->exchange.attempts, 1U);
  EXPECT_EQ(trial->exchange.upstream_name, "shop");
  EXPECT_EQ(trial->exchange.upstream_endpoint, "10.0.0.1:80");
  EXPECT_EQ(trial->story(), "balance:picked pool:opened");
}

TEST_F(AttemptTest, idempotent_request_on_a_stale_connection_gets_a_fresh_one) {
  const auto shop = cluster({"10.0.0.1:80"});
  run(*shop);
  script.answers.push_back(stale());
  const auto trial = run(*shop, Method::put, "content");
  EXPECT_TRUE(trial->result->has_value());
  EXPECT_EQ(trial->exchange.attempts, 2U);
  EXPECT_EQ(trial->story(), "balance:picked pool:reused retry:fresh_connection pool:opened");
  EXPECT_EQ(script.bodies[1], "content");
  EXPECT_EQ(script.bodies[2], "content");
  EXPECT_EQ(shard.metrics.retries.get(), 1U);
}

TEST_F(AttemptTest, post_on_a_stale_connection_is_not_sent_again) {
  const auto shop = cluster({"10.0.0.1:80"});
  run(*shop);
  script.answers.push_back(stale());
  const auto trial = run(*shop, Method::post, "once");
  EXPECT_EQ(trial->result->error().code, Code::peer_closed);
  EXPECT_EQ(trial->result->error().origin, Origin::upstream);
  EXPECT_EQ(trial->story(), "balance:picked pool:reused retry:gave_up");
}

TEST_F(AttemptTest, only_endpoint_that_closes_a_fresh_connection_has_answered) {
  const auto shop = cluster({"10.0.0.1:80"});
  script.answers.push_back(stale());
  const auto trial = run(*shop);
  EXPECT_EQ(trial->result->error().code, Code::peer_closed);
  EXPECT_EQ(trial->exchange.attempts, 1U);
}

TEST_F(AttemptTest, idempotent_request_that_died_with_its_server_goes_to_another) {
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  script.answers.push_back(stale());
  const auto trial = run(*shop, Method::put, "content");
  ASSERT_TRUE(trial->result->has_value());
  EXPECT_EQ(trial->story(), "balance:picked pool:opened retry:other_endpoint balance:picked pool:opened");
  EXPECT_EQ(script.bodies[1], "content");
  EXPECT_LE(took, retries.back_off_first);
}

TEST_F(AttemptTest, post_that_died_with_its_server_is_not_sent_again) {
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  script.answers.push_back(stale());
  const auto trial = run(*shop, Method::post, "once");
  EXPECT_EQ(trial->result->error().code, Code::peer_closed);
  EXPECT_EQ(script.sent_to.size(), 1U);
}

TEST_F(AttemptTest, endpoint_that_refuses_is_left_for_another_even_by_a_post) {
  script.connect_fails["10.0.0.1:80"] = upstream_error(Code::connect_refused).with(Retry::unsent);
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run(*shop, Method::post, "once");
  ASSERT_TRUE(trial->result->has_value());
  EXPECT_EQ(script.sent_to, std::vector<std::string>{"10.0.0.2:80"});
  EXPECT_EQ(trial->exchange.upstream_endpoint, "10.0.0.2:80");
  EXPECT_EQ(script.bodies.back(), "once");
}

TEST_F(AttemptTest, only_endpoint_that_refuses_is_an_error_at_once) {
  script.connect_fails["10.0.0.1:80"] = upstream_error(Code::connect_refused).with(Retry::unsent);
  const auto shop = cluster({"10.0.0.1:80"});
  const auto trial = run(*shop);
  EXPECT_EQ(trial->result->error().code, Code::connect_refused);
  EXPECT_EQ(script.connects, 1U);
}

TEST_F(AttemptTest, attempts_are_counted_and_end) {
  for (const char* address : {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"}) {
    script.connect_fails[address] = upstream_error(Code::connect_refused).with(Retry::unsent);
  }
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"});
  const auto trial = run(*shop);
  EXPECT_EQ(trial->result->error().code, Code::connect_refused);
  EXPECT_EQ(trial->exchange.attempts, limits::attempts);
}

TEST_F(AttemptTest, body_too_large_to_keep_is_sent_once) {
  const auto shop = cluster({"10.0.0.1:80"});
  run(*shop);
  script.answers.push_back(stale());
  const std::string large(limits::replay_bytes + 1, 'x');
  const auto trial = run(*shop, Method::put, large);
  EXPECT_EQ(trial->result->error().code, Code::peer_closed);
}

TEST_F(AttemptTest, unsent_request_without_body_is_sent_again_whatever_its_method) {
  const auto shop = cluster({"10.0.0.1:80"});
  run(*shop);
  script.answers.push_back(unsent());
  const auto trial = run(*shop, Method::post);
  EXPECT_TRUE(trial->result->has_value());
  EXPECT_EQ(trial->exchange.attempts, 2U);
}

TEST_F(AttemptTest, unresolvable_upstream_is_an_error_of_the_upstream) {
  const auto shop = cluster({"nowhere.test:80"});
  const auto trial = run(*shop);
  EXPECT_EQ(trial->result->error().code, Code::resolve_failed);
  EXPECT_EQ(trial->result->error().origin, Origin::upstream);
}

// A reload takes the endpoint away while a request waits for a connection to it, and what comes instead is a name that
// still has to be resolved (found by ./dev sim: the request was refused with no_endpoint).
TEST_F(AttemptTest, request_in_line_waits_for_the_names_of_a_new_configuration) {
  const auto before = cluster({"10.0.0.1:80"}, {.max = 1, .queue = 1});
  auto holder = client();
  std::string_view reason;
  Pool* pool = before->state(shard).pick(before->balancer(), {}, reason);
  holder->scope.spawn(upstream_test::ask(*pool, *holder, false));
  world.settle();
  auto trial = std::make_unique<Trial>(shard, Method::post);
  trial->scope.spawn(send(*before, *trial));
  world.settle();
  EXPECT_FALSE(trial->result.has_value());

  resolver.known["shop.test"] = {"10.0.0.2:80"};
  const auto after = cluster({"shop.test:80"});
  after->state(shard);
  world.run_until([&] { return trial->result.has_value(); });
  ASSERT_TRUE(trial->result->has_value());
  EXPECT_EQ(script.sent_to, std::vector<std::string>{"10.0.0.2:80"});
  holder->finish();
}

TEST_F(AttemptTest, request_that_was_never_sent_tells_who_took_its_endpoint_away) {
  const auto told = [&](AdminState word, std::string_view address) {
    const auto shop = cluster({std::string(address)}, {.max = 1, .queue = 1});
    ClusterState& state = shop->state(shard);
    auto holder = client();
    std::string_view reason;
    holder->scope.spawn(upstream_test::ask(*state.pick(shop->balancer(), {}, reason), *holder, false));
    world.settle();
    auto trial = std::make_unique<Trial>(shard, Method::post);
    trial->scope.spawn(send(*shop, *trial));
    world.settle();
    EXPECT_FALSE(trial->result.has_value());
    shop->health()->endpoint(std::string(address))->admin.set(word);
    shop->health()->changed();
    state.hear_operator();
    world.run_until([&] { return trial->result.has_value(); });
    EXPECT_EQ(trial->result->error().code, Code::no_endpoint);
    EXPECT_EQ(trial->exchange.attempts, 0U);
    EXPECT_EQ(trial->story(), "balance:picked pool:queued pool:refused retry:gave_up");
    std::string_view last;
    for (const DecisionRecord* each = trial->exchange.first_record(); each != nullptr; each = each->next) {
      if (each->room == "pool") last = each->reason;
    }
    holder->finish();
    return std::string(last);
  };
  EXPECT_EQ(told(AdminState::draining, "10.0.0.1:80"), "drained_by_operator");
  EXPECT_EQ(told(AdminState::disabled, "10.0.0.2:80"), "disabled_by_operator");
  EXPECT_TRUE(script.sent_to.empty());
}

TEST_F(AttemptTest, cluster_without_endpoints_is_an_error_of_the_gateway) {
  const auto shop = cluster({});
  const auto trial = run(*shop);
  EXPECT_EQ(trial->result->error().code, Code::no_endpoint);
}

// ---- statuses, waits, budgets

TEST_F(AttemptTest, listed_status_is_tried_elsewhere_and_its_connection_goes_on) {
  retries.statuses = {503};
  script.statuses["10.0.0.1:80"] = 503;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run(*shop);
  ASSERT_TRUE(trial->result->has_value());
  EXPECT_EQ((*trial->result)->head.status, 200);
  EXPECT_EQ(script.sent_to, (std::vector<std::string>{"10.0.0.1:80", "10.0.0.2:80"}));
  EXPECT_EQ(script.alive, 2U) << "neither connection was condemned";
}

TEST_F(AttemptTest, status_that_is_not_listed_is_the_answer) {
  script.statuses["10.0.0.1:80"] = 503;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  EXPECT_EQ((*run(*shop)->result)->head.status, 503);
  retries.statuses = {503};
  const auto wary = cluster({"10.0.0.1:80"});
  EXPECT_EQ((*run(*wary, Method::post)->result)->head.status, 503) << "a POST may have been carried out";
}

TEST_F(AttemptTest, last_answer_is_passed_on_when_the_attempts_are_used_up) {
  retries.statuses = {503};
  script.statuses["10.0.0.1:80"] = 503;
  const auto shop = cluster({"10.0.0.1:80"});
  const auto trial = run(*shop);
  EXPECT_EQ((*trial->result)->head.status, 503);
  EXPECT_EQ(trial->exchange.attempts, limits::attempts);
}

TEST_F(AttemptTest, retry_after_is_respected) {
  retries.statuses = {503};
  script.answers.emplace_back(Status{503});
  script.retry_after = "1";
  const auto shop = cluster({"10.0.0.1:80"});
  EXPECT_EQ((*run(*shop)->result)->head.status, 200);
  EXPECT_GE(took, 1s);

  script.answers.emplace_back(Status{503});
  script.retry_after = "2";
  const auto trial = run(*shop);
  EXPECT_EQ((*trial->result)->head.status, 503) << "that long nobody waits here";
  EXPECT_LT(took, 100ms);
}

TEST_F(AttemptTest, budget_bounds_what_is_tried_again) {
  retries.statuses = {503};
  retries.budget = {.share = percent(20), .per_second_min = 0};
  retries.back_off_first = retries.back_off_max = 0ms;
  script.statuses["10.0.0.1:80"] = script.statuses["10.0.0.2:80"] = 503;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  for (unsigned request = 0; request < 50; ++request) run(*shop);
  EXPECT_EQ(script.sent_to.size(), 60U) << "20 % more than requests";
  EXPECT_EQ(shard.metrics.retries.get(), 10U);
  EXPECT_GT(shard.metrics.retries_over_budget.get(), 0U);
}

TEST_F(AttemptTest, dead_endpoint_costs_no_budget) {
  retries.budget = {.share = percent(0), .per_second_min = 0};
  script.connect_fails["10.0.0.1:80"] = upstream_error(Code::connect_refused).with(Retry::unsent);
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  for (unsigned request = 0; request < 20; ++request) EXPECT_TRUE(run(*shop)->result->has_value());
}

// ---- time

TEST_F(AttemptTest, try_that_takes_too_long_is_given_up_for_another) {
  timeouts.attempt = 50ms;
  script.answer_takes["10.0.0.1:80"] = 10s;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run(*shop);
  ASSERT_TRUE(trial->result->has_value());
  EXPECT_EQ(trial->exchange.upstream_endpoint, "10.0.0.2:80");
  EXPECT_EQ(script.given_up, 1U);
  EXPECT_LT(took, 100ms);
  EXPECT_EQ(trial->story(), "balance:picked pool:opened retry:other_endpoint balance:picked pool:opened");
}

TEST_F(AttemptTest, post_that_takes_too_long_is_an_error) {
  timeouts.attempt = 50ms;
  script.answer_takes["10.0.0.1:80"] = 10s;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run(*shop, Method::post, "once");
  EXPECT_EQ(trial->result->error().code, Code::attempt_timeout);
  EXPECT_EQ(script.sent_to.size(), 1U);
}

TEST_F(AttemptTest, upstream_is_told_what_is_left_of_the_time) {
  time_for_all = 3s;
  timeouts.attempt = 1s;
  script.answer_takes["10.0.0.1:80"] = 10s;
  retries.back_off_first = retries.back_off_max = 0ms;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  run(*shop);
  ASSERT_EQ(script.time_left.size(), 2U);
  EXPECT_EQ(script.time_left[0], "3000");
  EXPECT_LE(script.time_left[1], "2000");
  EXPECT_GE(script.time_left[1], "1990");
}

TEST_F(AttemptTest, no_try_begins_that_cannot_end_in_time) {
  time_for_all = 500ms;
  retries.statuses = {503};
  script.statuses["10.0.0.1:80"] = 503;
  script.retry_after = "1";
  const auto shop = cluster({"10.0.0.1:80"});
  const auto trial = run(*shop);
  EXPECT_EQ((*trial->result)->head.status, 503);
  EXPECT_EQ(script.sent_to.size(), 1U);
  EXPECT_LT(took, 100ms) << "the answer that is there is passed on at once";
}

// ---- answers that are held until they are whole

TEST_F(AttemptTest, held_answer_that_breaks_off_is_tried_elsewhere) {
  retries.answer_bytes_max = 8;
  script.contents["10.0.0.1:80"] = {.bytes = "half", .promised = 8};
  script.contents["10.0.0.2:80"] = {.bytes = "complete", .promised = 8};
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run(*shop);
  ASSERT_TRUE(trial->result->has_value());
  const auto piece = (*trial->result)->body->try_read();
  ASSERT_TRUE(piece);
  EXPECT_EQ((*piece)->bytes, "complete");
  EXPECT_TRUE((*piece)->end);
  EXPECT_EQ(trial->story(), "balance:picked pool:opened retry:other_endpoint balance:picked pool:opened");
}

TEST_F(AttemptTest, held_answer_on_an_old_connection_that_breaks_off_is_no_stale_connection) {
  const auto before = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  run(*before);
  run(*before);
  retries.answer_bytes_max = 8;
  script.contents["10.0.0.1:80"] = {.bytes = "half", .promised = 8};
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run(*shop);
  ASSERT_TRUE(trial->result->has_value());
  EXPECT_EQ(script.sent_to.back(), "10.0.0.2:80") << "not there again";
}

TEST_F(AttemptTest, held_answer_that_drips_is_given_up_with_its_try) {
  retries.answer_bytes_max = 8;
  timeouts.attempt = 50ms;
  script.contents["10.0.0.1:80"] = {.bytes = "d", .promised = 8, .breaks_after = 10s};
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run(*shop);
  ASSERT_TRUE(trial->result->has_value());
  EXPECT_EQ(trial->exchange.upstream_endpoint, "10.0.0.2:80");
  EXPECT_LT(took, 100ms);
}

TEST_F(AttemptTest, post_whose_held_answer_breaks_off_is_an_error_and_no_cut_answer) {
  retries.answer_bytes_max = 8;
  script.contents["10.0.0.1:80"] = {.bytes = "half", .promised = 8};
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run(*shop, Method::post, "once");
  EXPECT_EQ(trial->result->error().code, Code::body_cut_short);
  EXPECT_EQ(script.sent_to.size(), 1U);
}

TEST_F(AttemptTest, longer_answer_is_passed_on_as_it_comes) {
  retries.answer_bytes_max = 7;
  script.contents["10.0.0.1:80"] = {.bytes = "half", .promised = 8};
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run(*shop);
  ASSERT_TRUE(trial->result->has_value());
  EXPECT_EQ((*trial->result)->body->remaining(), 8U) << "nothing of it was read";
  EXPECT_EQ(script.sent_to.size(), 1U);
}

}  // namespace
}  // namespace weir
