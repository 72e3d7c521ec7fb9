// Shows: when a breaker opens, what passes while it is half open, and what an outcome may change. How: the pure
// functions on words, and long random histories against what must never be.
#include "overload/breaker.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time start{std::chrono::hours{1}};
constexpr std::uint32_t usual_statuses = 0b11101;  // 500, 502, 503, 504

BreakerRule rule() {
  return {.slow = seconds{2}, .minimum = 10, .statuses = usual_statuses};
}
std::uint64_t open_until(Time time, std::uint32_t trips = 1) {
  return pack({.phase = BreakerPhase::open, .trips = trips, .since = time});
}

SettleFacts ended(std::uint64_t word, BreakerOutcome outcome, OutcomeCounts counts, Time now = start) {
  const BreakerState state = unpack_breaker(word);
  return {.word = word,
          .now = now,
          .phase_since = state.since,
          .probe = state.phase == BreakerPhase::half_open,
          .outcome = outcome,
          .counts = counts};
}

TEST(Breaker, a_word_holds_all_of_its_state) {
  const BreakerState state{
      .phase = BreakerPhase::half_open, .trips = 15, .probing = 100, .proven = 99, .since = start + milliseconds{7}};
  EXPECT_EQ(unpack_breaker(pack(state)), state);
  EXPECT_EQ(unpack_breaker(0), BreakerState{}) << "nothing known is a closed breaker";
}

TEST(Breaker, opens_when_enough_of_enough_requests_failed) {
  const auto reason = [](OutcomeCounts counts) {
    return settle_breaker(rule(), ended(0, BreakerOutcome::failed, counts)).reason;
  };
  EXPECT_EQ(reason({.total = 9, .failed = 9}), "") << "too few to tell";
  EXPECT_EQ(reason({.total = 10, .failed = 4}), "");
  EXPECT_EQ(reason({.total = 10, .failed = 5}), "too_many_failed");
  EXPECT_EQ(reason({.total = 10, .failed = 4, .slow = 5}), "too_many_slow");
  BreakerRule never_slow = rule();
  never_slow.slow = no_limit;
  EXPECT_EQ(settle_breaker(never_slow, ended(0, BreakerOutcome::failed, {.total = 10, .failed = 1, .slow = 9})).reason,
            "");
}

TEST(Breaker, open_it_refuses_and_says_when_it_may_pass) {
  const BreakerVerdict verdict =
      decide_breaker(rule(), {.word = open_until(start + seconds{5}), .now = start + seconds{2}});
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.reason, "open");
  EXPECT_EQ(verdict.wait, seconds{3});
}

TEST(Breaker, half_open_it_passes_its_probes_and_no_more) {
  BreakerFacts facts{.word = open_until(start), .now = start};
  for (unsigned probe = 0; probe < rule().probes; ++probe) {
    const BreakerVerdict verdict = decide_breaker(rule(), facts);
    EXPECT_TRUE(verdict.allowed && verdict.probe) << probe;
    facts.word = verdict.word;
  }
  const BreakerVerdict verdict = decide_breaker(rule(), facts);
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.reason, "half_open");
}

TEST(Breaker, closes_when_all_probes_succeeded_and_opens_for_longer_when_one_fails) {
  std::uint64_t word = pack({.phase = BreakerPhase::half_open, .trips = 1, .probing = 3, .since = start});
  for (unsigned probe = 0; probe < 2; ++probe) {
    word = settle_breaker(rule(), ended(word, BreakerOutcome::good, {})).word;
    EXPECT_EQ(unpack_breaker(word).phase, BreakerPhase::half_open);
  }
  const SettleVerdict closed = settle_breaker(rule(), ended(word, BreakerOutcome::good, {}));
  EXPECT_EQ(closed.reason, "probes_succeeded");
  EXPECT_EQ(unpack_breaker(closed.word).phase, BreakerPhase::closed);
  const SettleVerdict opened = settle_breaker(rule(), ended(word, BreakerOutcome::slow, {}, start + seconds{1}));
  EXPECT_EQ(opened.reason, "probe_failed");
  EXPECT_EQ(unpack_breaker(opened.word).since, start + seconds{1} + 2 * rule().open);
}

TEST(Breaker, stays_open_twice_as_long_each_time_up_to_its_maximum) {
  std::uint64_t word = pack({.phase = BreakerPhase::half_open, .probing = 1, .since = start});
  std::vector<Duration> times;
  for (unsigned trip = 0; trip < 6; ++trip) {
    const SettleVerdict opened = settle_breaker(rule(), ended(word, BreakerOutcome::failed, {}));
    times.push_back(unpack_breaker(opened.word).since - start);
    word = pack(
        {.phase = BreakerPhase::half_open, .trips = unpack_breaker(opened.word).trips, .probing = 1, .since = start});
  }
  EXPECT_EQ(times,
            (std::vector<Duration>{seconds{5}, seconds{10}, seconds{20}, seconds{40}, seconds{60}, seconds{60}}));
}

TEST(Breaker, probes_that_are_never_answered_open_it_again) {
  const std::uint64_t word = pack({.phase = BreakerPhase::half_open, .trips = 1, .probing = 3, .since = start});
  EXPECT_EQ(decide_breaker(rule(), {.word = word, .now = start + seconds{4}}).reason, "half_open");
  const BreakerVerdict verdict = decide_breaker(rule(), {.word = word, .now = start + seconds{5}});
  EXPECT_EQ(verdict.reason, "probes_not_answered");
  EXPECT_EQ(unpack_breaker(verdict.word).phase, BreakerPhase::open);
}

TEST(Breaker, an_outcome_of_an_earlier_phase_changes_nothing) {
  const std::uint64_t half_open = pack({.phase = BreakerPhase::half_open, .probing = 1, .since = start});
  SettleFacts facts = ended(half_open, BreakerOutcome::failed, {.total = 100, .failed = 100});
  facts.phase_since = start - seconds{10};
  facts.probe = false;
  EXPECT_EQ(settle_breaker(rule(), facts).word, half_open);
  facts.probe = true;
  EXPECT_EQ(settle_breaker(rule(), facts).word, half_open) << "a probe of the time before";
}

TEST(Breaker, what_the_client_or_the_gateway_did_is_no_outcome) {
  const auto judged = [](OutcomeFacts facts) { return judge(rule(), facts); };
  EXPECT_EQ(judged({.status = 200, .latency = seconds{1}}), BreakerOutcome::good);
  EXPECT_EQ(judged({.status = 404}), BreakerOutcome::good);
  EXPECT_EQ(judged({.status = 200, .latency = seconds{2}}), BreakerOutcome::slow);
  EXPECT_EQ(judged({.status = 502}), BreakerOutcome::failed);
  EXPECT_EQ(judged({.status = 501}), BreakerOutcome::good) << "not among its statuses";
  EXPECT_EQ(judged({.error = upstream_error(Code::connect_refused)}), BreakerOutcome::failed);
  EXPECT_EQ(judged({.error = gateway_error(Code::no_endpoint)}), BreakerOutcome::failed);
  EXPECT_EQ(judged({.error = gateway_error(Code::canceled)}), BreakerOutcome::nothing);
  EXPECT_EQ(judged({.error = client_error(Code::body_too_large)}), BreakerOutcome::nothing);
  EXPECT_EQ(judged({.error = gateway_error(Code::too_many_in_flight)}), BreakerOutcome::nothing);
  EXPECT_EQ(judged({.error = client_error(Code::peer_closed), .latency = seconds{3}}), BreakerOutcome::slow)
      << "it left because it had waited too long";
}

TEST(Breaker, outcomes_are_forgotten_when_the_window_is_over) {
  const BreakerRule ten_seconds = rule();
  std::uint64_t word = 0;
  for (unsigned count = 0; count < 5; ++count)
    word = counted(word, bucket_at(ten_seconds, start), BreakerOutcome::failed);
  const auto counts_at = [&](Time now, Time since = Time{}) {
    OutcomeCounts counts;
    add_counts(ten_seconds, word, since, now, counts);
    return counts.failed;
  };
  EXPECT_EQ(counts_at(start), 5U);
  EXPECT_EQ(counts_at(start + seconds{9}), 5U);
  EXPECT_EQ(counts_at(start + seconds{10}), 0U);
  EXPECT_EQ(counts_at(start + seconds{1}, start), 0U) << "counted before the breaker closed";
  word = counted(word, bucket_at(ten_seconds, start + seconds{10}), BreakerOutcome::good);
  EXPECT_EQ(counts_at(start + seconds{10}), 0U) << "the bucket was begun anew";
}

TEST(Breaker, a_full_bucket_keeps_its_shares) {
  std::uint64_t word = 0;
  for (unsigned count = 0; count < 100'000; ++count)
    word = counted(word, 1, count % 4 == 0 ? BreakerOutcome::failed : BreakerOutcome::good);
  OutcomeCounts counts;
  BreakerRule wide = rule();
  add_counts(wide, word, Time{}, Time{wide.window / 10}, counts);
  EXPECT_GT(counts.total, 8'000U);
  EXPECT_NEAR(static_cast<double>(counts.failed) / counts.total, 0.25, 0.01);
}

// Requests come, end well or badly or without a verdict, in any order, while time goes on in leaps.
TEST(Breaker, property_never_more_probes_under_way_than_there_may_be) {
  struct Flying {
    Time since;
    bool probe;
  };
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    BreakerRule drawn = rule();
    drawn.probes = 1 + static_cast<std::uint32_t>(random.below(5));
    Time now = start;
    std::uint64_t word = 0;
    std::vector<Flying> flying;
    for (unsigned step = 0; step < 500; ++step) {
      now += milliseconds{random.below(2'000)};
      const BreakerState before = unpack_breaker(word);
      if (flying.empty() || random.chance(0.55)) {
        const BreakerVerdict verdict = decide_breaker(drawn, {.word = word, .now = now});
        if (before.phase == BreakerPhase::open && now < before.since) {
          ASSERT_FALSE(verdict.allowed);
        }
        word = verdict.word;
        if (verdict.allowed) flying.push_back({unpack_breaker(word).since, verdict.probe});
      } else {
        const std::size_t which = random.below(flying.size());
        const auto outcome = static_cast<BreakerOutcome>(random.below(4));
        word = settle_breaker(drawn, {.word = word,
                                      .now = now,
                                      .phase_since = flying[which].since,
                                      .probe = flying[which].probe,
                                      .outcome = outcome,
                                      .counts = {.total = 20, .failed = random.chance(0.2) ? 15U : 2U}})
                   .word;
        flying.erase(flying.begin() + static_cast<std::ptrdiff_t>(which));
      }
      const BreakerState state = unpack_breaker(word);
      if (state.phase != BreakerPhase::half_open) continue;
      const auto probing =
          std::ranges::count_if(flying, [&](const Flying& each) { return each.probe && each.since == state.since; });
      ASSERT_EQ(state.probing, static_cast<std::uint32_t>(probing)) << "seed " << seed;
      ASSERT_LE(state.probing + state.proven, drawn.probes) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace weir
