// The retry table, row by row, and what holds for every row that could be.
#include "upstream/retry.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

Error failed(Retry advice, Code code = Code::peer_reset) {
  return upstream_error(code).with(advice);
}

constexpr BudgetFacts plenty{.always = 100};
constexpr BudgetFacts spent{.requests = 10, .extra = 2, .per_million = 200'000};

/// A request that may be repeated, of which one try failed, with room for another elsewhere.
RetryFacts after(Error error) {
  return {.error = error, .repeatable = true, .other_endpoint = true, .attempts_max = 3, .budget = plenty};
}
RetryFacts after_status(Status status) {
  RetryFacts facts = after({});
  facts.status = status;
  return facts;
}
template <typename Change>
RetryFacts but(RetryFacts facts, Change change) {
  change(facts);
  return facts;
}

TEST(Retry, table) {
  struct Row {
    RetryFacts facts;
    RetryAction action;
    std::string_view reason;
  };
  using Facts = RetryFacts;
  const RetryFacts reset = after(failed(Retry::idempotent));
  const RetryFacts unsent = after(failed(Retry::unsent));
  const RetryFacts late = after(failed(Retry::idempotent, Code::first_byte_timeout));
  const Row rows[] = {
      // A stale connection.
      {but(reset, [](Facts& f) { f.reused_connection = true; }), RetryAction::fresh_connection, "stale_connection"},
      {but(reset, [](Facts& f) { f.reused_connection = true, f.on_reset = false; }), RetryAction::fresh_connection,
       "stale_connection"},
      {but(reset, [](Facts& f) { f.reused_connection = true, f.repeatable = false; }), RetryAction::give_up,
       "not_idempotent"},
      {but(unsent, [](Facts& f) { f.reused_connection = true, f.repeatable = false; }), RetryAction::fresh_connection,
       "stale_connection"},
      // A fresh one that broke: elsewhere, if there is an elsewhere and it is wanted.
      {reset, RetryAction::other_endpoint, "connection_failed"},
      {but(reset, [](Facts& f) { f.other_endpoint = false; }), RetryAction::give_up, "no_other_endpoint"},
      {but(reset, [](Facts& f) { f.on_reset = false; }), RetryAction::give_up, "not_asked_for"},
      // A status, while the request is still being sent: it cannot be begun again.
      {but(after_status(503), [](Facts& f) { f.upload_running = true; }), RetryAction::give_up, "upload_running"},
      // A byte of the answer was heard.
      {after(failed(Retry::never)), RetryAction::give_up, "not_retryable"},
      // It could not connect.
      {but(unsent, [](Facts& f) { f.repeatable = false; }), RetryAction::other_endpoint, "unsent"},
      {but(unsent, [](Facts& f) { f.other_endpoint = false; }), RetryAction::give_up, "no_other_endpoint"},
      {but(unsent, [](Facts& f) { f.on_connect = false; }), RetryAction::give_up, "not_asked_for"},
      // The answer did not begin.
      {late, RetryAction::give_up, "not_asked_for"},
      {but(late, [](Facts& f) { f.on_timeout = true; }), RetryAction::other_endpoint, "took_too_long"},
      {but(late, [](Facts& f) { f.on_timeout = true, f.reused_connection = true; }), RetryAction::other_endpoint,
       "took_too_long"},
      {after(failed(Retry::idempotent, Code::attempt_timeout)), RetryAction::other_endpoint, "took_too_long"},
      // A status that is listed: elsewhere, or there again.
      {after_status(503), RetryAction::other_endpoint, "status"},
      {but(after_status(503), [](Facts& f) { f.other_endpoint = false; }), RetryAction::same_endpoint, "status"},
      {but(after_status(503), [](Facts& f) { f.repeatable = false; }), RetryAction::give_up, "not_idempotent"},
      {but(after_status(503), [](Facts& f) { f.retry_after = 2s, f.retry_after_max = 1s; }), RetryAction::give_up,
       "asked_to_stay_away"},
      // What every try needs.
      {but(unsent, [](Facts& f) { f.body_replayable = false; }), RetryAction::give_up, "body_not_kept"},
      {but(unsent, [](Facts& f) { f.attempts_made = 3; }), RetryAction::give_up, "attempts_used_up"},
      {but(reset, [](Facts& f) { f.budget = spent; }), RetryAction::give_up, "budget_used_up"},
      {but(unsent, [](Facts& f) { f.budget = spent; }), RetryAction::other_endpoint, "unsent"},
      {but(unsent, [](Facts& f) { f.time_left = 0ms; }), RetryAction::give_up, "no_time_left"},
      {but(after_status(503), [](Facts& f) { f.retry_after = f.retry_after_max = f.time_left = 1s; }),
       RetryAction::give_up, "no_time_left"},
  };
  for (const Row& row : rows) {
    const RetryVerdict verdict = decide(row.facts);
    EXPECT_EQ(verdict.action, row.action) << row.reason;
    EXPECT_EQ(verdict.reason, row.reason);
  }
}

TEST(Retry, wait_is_drawn_below_a_bound_that_doubles) {
  RetryFacts facts = after(failed(Retry::idempotent));
  facts.back_off_first = 25ms;
  facts.back_off_max = 80ms;
  facts.attempts_max = 10;
  Duration longest{};
  const std::array bounds{25ms, 50ms, 80ms, 80ms};
  for (unsigned made = 1; made <= bounds.size(); ++made) {
    facts.attempts_made = made;
    longest = {};
    Random random(made);
    for (unsigned draw = 0; draw < 1000; ++draw) {
      facts.draw = random.next();
      const Duration wait = decide(facts).wait;
      EXPECT_GE(wait, Duration::zero());
      EXPECT_LE(wait, bounds[made - 1]);
      longest = std::max(longest, wait);
    }
    EXPECT_GT(longest, bounds[made - 1] * 9 / 10) << "the whole range is used";
  }
}

TEST(Retry, retry_after_is_waited_for) {
  RetryFacts facts = after_status(503);
  facts.retry_after = 700ms;
  facts.retry_after_max = 1s;
  facts.back_off_first = facts.back_off_max = 25ms;
  EXPECT_EQ(decide(facts).wait, 700ms);
  facts.retry_after = no_limit;
  EXPECT_LE(decide(facts).wait, 25ms);
}

TEST(Retry, nobody_waits_where_nobody_was_burdened) {
  RetryFacts facts = after(failed(Retry::unsent));
  facts.back_off_first = facts.back_off_max = 1s;
  facts.draw = 999'999'999;
  EXPECT_EQ(decide(facts).wait, 0s);
  EXPECT_FALSE(decide(facts).counted);
  facts.error = failed(Retry::idempotent);
  facts.reused_connection = true;
  EXPECT_EQ(decide(facts).wait, 0s);
  EXPECT_TRUE(decide(facts).counted);
}

TEST(Retry, listed_methods_take_the_place_of_the_idempotent_ones) {
  EXPECT_TRUE(may_be_repeated({}, "GET", true));
  EXPECT_FALSE(may_be_repeated({}, "POST", false));
  RetrySettings settings;
  settings.methods = {"GET", "POST"};
  EXPECT_TRUE(may_be_repeated(settings, "POST", false));
  EXPECT_FALSE(may_be_repeated(settings, "DELETE", true));
}

/// Facts as they may be, sensible or not.
RetryFacts random_facts(Random& random) {
  static constexpr std::array codes{Code::peer_reset,      Code::peer_closed,     Code::first_byte_timeout,
                                    Code::attempt_timeout, Code::connect_refused, Code::queue_full};
  const auto any = [&](Duration most) { return Duration{static_cast<Duration::rep>(random.below(most.count() + 1))}; };
  RetryFacts facts{.error = failed(static_cast<Retry>(random.below(3)), codes[random.below(codes.size())]),
                   .status = static_cast<Status>(random.chance(0.3) ? 503 : 0),
                   .repeatable = random.chance(0.5),
                   .on_connect = random.chance(0.8),
                   .on_reset = random.chance(0.8),
                   .on_timeout = random.chance(0.5),
                   .reused_connection = random.chance(0.5),
                   .body_replayable = random.chance(0.8),
                   .upload_running = random.chance(0.2),
                   .other_endpoint = random.chance(0.7),
                   .attempts_made = static_cast<unsigned>(1 + random.below(4)),
                   .attempts_max = static_cast<unsigned>(1 + random.below(4)),
                   .budget = {.requests = static_cast<std::uint32_t>(random.below(100)),
                              .extra = static_cast<std::uint32_t>(random.below(30)),
                              .always = static_cast<std::uint32_t>(random.below(10)),
                              .per_million = static_cast<std::uint32_t>(random.below(500'000))},
                   .time_left = random.chance(0.5) ? no_limit : any(2s),
                   .retry_after = random.chance(0.5) ? no_limit : any(3s),
                   .retry_after_max = any(3s),
                   .back_off_first = any(100ms),
                   .back_off_max = any(1s),
                   .draw = random.next()};
  return facts;
}

TEST(Retry, no_facts_whatever_repeat_what_may_not_be_or_cannot_end) {
  Random random(4711);
  unsigned retried = 0;
  for (unsigned trial = 0; trial < 200'000; ++trial) {
    const RetryFacts facts = random_facts(random);
    const RetryVerdict verdict = decide(facts);
    ASSERT_FALSE(verdict.reason.empty());
    if (verdict.action == RetryAction::give_up) {
      ASSERT_FALSE(verdict.counted);
      continue;
    }
    ++retried;
    const bool unsent = facts.status == 0 && facts.error.retry == Retry::unsent;
    ASSERT_TRUE(unsent || facts.repeatable) << verdict.reason;
    ASSERT_TRUE(facts.status != 0 || facts.error.retry != Retry::never) << verdict.reason;
    ASSERT_TRUE(facts.body_replayable);
    ASSERT_FALSE(facts.status != 0 && facts.upload_running);
    ASSERT_LT(facts.attempts_made, facts.attempts_max);
    ASSERT_EQ(verdict.counted, !unsent);
    ASSERT_TRUE(unsent || allows_one_more(facts.budget));
    ASSERT_TRUE(facts.time_left == no_limit || verdict.wait < facts.time_left);
    ASSERT_LE(verdict.wait, std::max(facts.back_off_max, facts.retry_after_max));
  }
  EXPECT_GT(retried, 10'000U);
}

}  // namespace
}  // namespace weir
