// What each way to count promises: bounds over random traffic, agreement with slow and obvious references, clocks that
// jump, costs that turn out different.
#include "filters/limit/budget.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <vector>

#include "base/random.h"
#include "filters/limit/testing/spender.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Time at(Duration since_start) {
  return Time{seconds{1000}} + since_start;
}

Budget bucket(std::uint64_t limit, Duration window, std::uint64_t burst) {
  return {.algorithm = Algorithm::token_bucket, .limit = limit, .window = window, .burst = burst};
}
Budget windows(Algorithm algorithm, std::uint64_t limit, Duration window = seconds{1}) {
  return {.algorithm = algorithm, .limit = limit, .window = window};
}

// ---- by example ----

TEST(Budget, a_bucket_lets_its_burst_through_and_then_its_rate) {
  Spender spender(bucket(10, seconds{1}, 5));
  EXPECT_EQ(admitted_of(spender, at({}), 100), 5U);
  EXPECT_EQ(admitted_of(spender, at(milliseconds{99}), 100), 0U);
  EXPECT_EQ(admitted_of(spender, at(milliseconds{100}), 100), 1U);
  EXPECT_EQ(admitted_of(spender, at(milliseconds{400}), 100), 3U);
  EXPECT_EQ(admitted_of(spender, at(seconds{60}), 100), 5U) << "a long silence gives a burst and no more";
}

TEST(Budget, a_refusal_says_when_the_same_would_pass_and_costs_nothing) {
  Spender spender(bucket(10, seconds{1}, 2));
  EXPECT_EQ(spender.spend(at({}), 2).remaining, 0U);
  for (int tries = 0; tries < 1000; ++tries) {
    const BudgetVerdict refused = spender.spend(at(milliseconds{50}));
    ASSERT_FALSE(refused.admitted);
    ASSERT_EQ(refused.wait, milliseconds{50});
  }
  EXPECT_TRUE(spender.spend(at(milliseconds{100})).admitted);
}

TEST(Budget, a_cost_beyond_the_whole_budget_never_passes) {
  EXPECT_EQ(Spender(bucket(10, seconds{1}, 5)).spend(at({}), 6).wait, no_limit);
  for (const Algorithm algorithm : {Algorithm::fixed_window, Algorithm::sliding_window, Algorithm::sliding_log})
    EXPECT_EQ(Spender(windows(algorithm, 5)).spend(at({}), 6).wait, no_limit) << name_of(algorithm);
}

TEST(Budget, gcra_with_a_delay_gives_each_request_its_turn) {
  Spender spender({.algorithm = Algorithm::gcra, .limit = 10, .burst = 1, .delay = milliseconds{250}});
  EXPECT_EQ(spender.spend(at({})).wait, Duration{});
  EXPECT_EQ(spender.spend(at({})).wait, milliseconds{100});
  EXPECT_EQ(spender.spend(at({})).wait, milliseconds{200});
  const BudgetVerdict late = spender.spend(at({}));
  EXPECT_FALSE(late.admitted) << "its turn would be in 300 ms";
  EXPECT_EQ(late.wait, milliseconds{300});
}

TEST(Budget, a_fixed_window_lets_twice_its_limit_through_around_its_edge) {
  Spender spender(windows(Algorithm::fixed_window, 10));
  EXPECT_EQ(admitted_of(spender, at(milliseconds{999}), 100), 10U);
  EXPECT_EQ(admitted_of(spender, at(milliseconds{1000}), 100), 10U);
  EXPECT_EQ(spender.spend(at(milliseconds{1300})).wait, milliseconds{700});
}

TEST(Budget, a_sliding_window_remembers_the_window_before_by_its_part) {
  Spender spender(windows(Algorithm::sliding_window, 10));
  EXPECT_EQ(admitted_of(spender, at(milliseconds{500}), 100), 10U);
  EXPECT_EQ(admitted_of(spender, at(milliseconds{1000}), 100), 0U);
  EXPECT_EQ(spender.spend(at(milliseconds{1000})).wait, milliseconds{100});
  EXPECT_EQ(admitted_of(spender, at(milliseconds{1500}), 100), 5U);
}

TEST(Budget, a_sliding_log_counts_exactly) {
  Spender spender(windows(Algorithm::sliding_log, 3));
  EXPECT_TRUE(spender.spend(at({})).admitted);
  EXPECT_TRUE(spender.spend(at(milliseconds{600}), 2).admitted);
  EXPECT_EQ(spender.spend(at(milliseconds{999})).wait, milliseconds{1});
  EXPECT_TRUE(spender.spend(at(milliseconds{1000})).admitted);
  EXPECT_EQ(spender.spend(at(milliseconds{1000})).wait, milliseconds{600});
}

TEST(Budget, what_a_log_takes_back_was_never_spent) {
  const Budget budget = windows(Algorithm::sliding_log, 4);
  std::vector<std::uint64_t> words(SlidingLog::words(budget));
  SlidingLog log(budget, words);
  log.spend(at({}), 2);
  log.spend(at(milliseconds{1}), 2);
  log.take_back(2);
  EXPECT_EQ(log.spent(at(milliseconds{2})), 2U);
  EXPECT_TRUE(log.decide(at(milliseconds{2}), 2).admitted);
  EXPECT_FALSE(log.decide(at(milliseconds{2}), 3).admitted);
}

TEST(Budget, a_settled_cost_is_owed_up_to_the_debt) {
  Budget budget = bucket(10, seconds{1}, 5);
  budget.debt = 10;
  Spender spender(budget);
  EXPECT_TRUE(spender.spend(at({})).admitted);
  spender.settle(at({}), 1000);
  EXPECT_EQ(spender.spend(at({})).wait, milliseconds{1100}) << "10 owed beyond the burst, and 1 for itself";
  spender.settle(at({}), -1000);
  EXPECT_EQ(admitted_of(spender, at({}), 100), 5U) << "what was taken back is as new";

  Budget window = windows(Algorithm::fixed_window, 5);
  window.debt = 10;
  Spender counted(window);
  EXPECT_TRUE(counted.spend(at({})).admitted);
  counted.settle(at({}), 1000);
  counted.settle(at({}), -11);
  EXPECT_TRUE(counted.spend(at({})).admitted) << "15 were owed, 4 are left";
}

// What a bucket has got back by time, and what a window has ended with, is not given back a second time.
TEST(Budget, a_charge_that_was_too_high_is_given_back_once) {
  const Budget whole = bucket(10, seconds{1}, 10);
  Spender late(whole);
  EXPECT_TRUE(late.spend(at({}), 10).admitted);
  EXPECT_TRUE(late.spend(at(seconds{1}), 10).admitted);
  late.settle(at(seconds{1}), -9, Charge{.at = at({}), .cost = 10});
  EXPECT_EQ(admitted_of(late, at(seconds{1}), 20), 0U) << "time has given back all of it";
  late.settle(at(seconds{1}), -9, Charge{.at = at(seconds{1}), .cost = 10});
  EXPECT_EQ(admitted_of(late, at(seconds{1}), 20), 9U);

  for (const Algorithm algorithm : {Algorithm::fixed_window, Algorithm::sliding_window}) {
    Spender window(windows(algorithm, 10));
    EXPECT_TRUE(window.spend(at(seconds{1}), 10).admitted);
    EXPECT_FALSE(window.spend(at(milliseconds{1500}), 1).admitted);
    window.settle(at(milliseconds{1500}), -4, Charge{.at = at(seconds{1}), .cost = 10});
    EXPECT_EQ(admitted_of(window, at(milliseconds{1500}), 20), 4U) << "in its window";
    const std::uint64_t next = admitted_of(window, at(milliseconds{2999}), 20);
    window.settle(at(milliseconds{2999}), -6, Charge{.at = at(seconds{1}), .cost = 10});
    EXPECT_EQ(admitted_of(window, at(milliseconds{2999}), 20), 0U) << next << " and no more in the next";
  }
}

TEST(Budget, says_what_it_cannot_count) {
  EXPECT_EQ(complaint_about(bucket(10, seconds{1}, 5), 1), "");
  EXPECT_NE(complaint_about(bucket(10, seconds{1}, 0), 1), "");
  EXPECT_NE(complaint_about(bucket(0, seconds{1}, 1), 1), "");
  EXPECT_NE(complaint_about(bucket(1, std::chrono::hours{24 * 365}, 1000), 1), "");
  EXPECT_NE(complaint_about(windows(Algorithm::sliding_window, 262'144), 1), "");
  EXPECT_EQ(complaint_about(windows(Algorithm::sliding_window, 262'143), 1), "");
  EXPECT_NE(complaint_about(windows(Algorithm::fixed_window, 10, milliseconds{10}), 1), "");
}

// ---- against references that are slow and obvious ----

/// Tokens that drip, in 128 bits and without tricks.
class DrippingTokens {
 public:
  DrippingTokens(const Budget& budget, Time start) : budget_(budget), unit_(budget.unit_nanoseconds()), last_(start) {
    parts_ = static_cast<Wide>(budget.burst) * unit_;
  }
  bool spend(Time now, std::uint64_t cost) {
    parts_ = std::min(parts_ + static_cast<Wide>((now - last_).count()), static_cast<Wide>(budget_.burst) * unit_);
    last_ = now;
    if (parts_ < static_cast<Wide>(cost) * unit_) return false;
    parts_ -= static_cast<Wide>(cost) * unit_;
    return true;
  }

 private:
  __extension__ using Wide = unsigned __int128;
  Budget budget_;
  std::uint64_t unit_;
  Time last_;
  Wide parts_;
};

RC_GTEST_PROP(BudgetProperty, a_bucket_is_tokens_that_drip, ()) {
  const Budget budget = bucket(*rc::gen::inRange<std::uint64_t>(1, 1000), seconds{*rc::gen::inRange(1, 100)},
                               *rc::gen::inRange<std::uint64_t>(1, 50));
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  Time now = at({});
  Spender spender(budget);
  DrippingTokens reference(budget, now);
  for (int step = 0; step < 200; ++step) {
    now += Duration{static_cast<std::int64_t>(random.below(budget.unit_nanoseconds() * 3))};
    const std::uint64_t cost = 1 + random.below(3);
    RC_ASSERT(spender.spend(now, cost).admitted == reference.spend(now, cost));
  }
}

/// What was admitted, to be counted in any window.
struct Admitted {
  Time when;
  std::uint64_t cost;
};

/// The most that lies in any half-open time of that length.
std::uint64_t worst_of(const std::vector<Admitted>& all, Duration length) {
  std::uint64_t worst = 0;
  std::uint64_t inside = 0;
  std::size_t first = 0;
  for (const Admitted& last : all) {
    inside += last.cost;
    while (all[first].when <= last.when - length) inside -= all[first++].cost;
    worst = std::max(worst, inside);
  }
  return worst;
}

/// Traffic of mixed temper: bursts, silences, steps of a window's fraction, and what was admitted of it.
std::vector<Admitted> drive(const Budget& budget, std::uint64_t seed, int requests) {
  Random random(seed);
  Spender spender(budget);
  std::vector<Admitted> admitted;
  Time now = at(Duration{static_cast<std::int64_t>(random.below(1'000'000'000))});
  const auto width = static_cast<std::uint64_t>(budget.window.count());
  for (; requests > 0; --requests) {
    if (random.chance(0.7)) now += Duration{static_cast<std::int64_t>(random.below(1 + 2 * width / budget.limit))};
    if (random.chance(0.01)) now += Duration{static_cast<std::int64_t>(random.below(2 * width))};
    const std::uint64_t cost = random.chance(0.8) ? 1 : 1 + random.below(3);
    const BudgetVerdict verdict = spender.spend(now, cost);
    if (verdict.admitted) admitted.push_back({now, cost});
    if (!verdict.admitted && verdict.wait > Duration{} && random.chance(0.2)) {
      // The promise: at that moment the same passes, and not a nanosecond earlier.
      Spender early = spender;
      EXPECT_FALSE(early.spend(now + verdict.wait - Duration{1}, cost).admitted) << name_of(budget.algorithm);
      now += verdict.wait;
      EXPECT_TRUE(spender.spend(now, cost).admitted) << name_of(budget.algorithm);
      admitted.push_back({now, cost});
    }
  }
  return admitted;
}

Budget any_budget(Algorithm algorithm) {
  return {.algorithm = algorithm,
          .limit = *rc::gen::inRange<std::uint64_t>(3, 60),
          .window = milliseconds{*rc::gen::inRange(1000, 9000)},
          .burst = *rc::gen::inRange<std::uint64_t>(3, 20)};
}

RC_GTEST_PROP(BudgetProperty, no_window_holds_more_than_the_bound, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  for (const Algorithm algorithm : {Algorithm::token_bucket, Algorithm::gcra}) {
    const Budget budget = any_budget(algorithm);
    const auto admitted = drive(budget, seed, 500);
    for (const Duration length : {budget.window / 7, budget.window, 5 * budget.window}) {
      const std::uint64_t dripped = static_cast<std::uint64_t>(length.count()) / budget.unit_nanoseconds();
      RC_ASSERT(worst_of(admitted, length) <= budget.burst + dripped);
    }
  }
  const Budget log = any_budget(Algorithm::sliding_log);
  RC_ASSERT(worst_of(drive(log, seed, 500), log.window) <= log.limit);
  for (const Algorithm algorithm : {Algorithm::fixed_window, Algorithm::sliding_window}) {
    const Budget budget = any_budget(algorithm);
    RC_ASSERT(worst_of(drive(budget, seed, 500), budget.window) <= 2 * budget.limit);
  }
}

RC_GTEST_PROP(BudgetProperty, a_fixed_window_of_the_clock_holds_its_limit, ()) {
  const Budget budget = any_budget(Algorithm::fixed_window);
  std::uint64_t number = 0;
  std::uint64_t inside = 0;
  for (const Admitted& each : drive(budget, *rc::gen::arbitrary<std::uint64_t>(), 500)) {
    const auto here = static_cast<std::uint64_t>(each.when.time_since_epoch() / budget.window);
    inside = here == number ? inside + each.cost : each.cost;
    number = here;
    RC_ASSERT(inside <= budget.limit);
  }
}

/// \returns how many of `requests` a log decides otherwise than counting every admitted one of the last window
std::uint64_t differences_from_brute_force(std::uint64_t requests, std::uint64_t seed) {
  Random random(seed);
  const Budget budget = windows(Algorithm::sliding_log, 1 + random.below(100));
  Spender spender(budget);
  std::deque<Time> reference;
  Time now = at({});
  std::uint64_t differences = 0;
  for (; requests > 0; --requests) {
    if (random.chance(0.8)) now += Duration{static_cast<std::int64_t>(random.below(2'000'000'000 / budget.limit))};
    const std::uint64_t cost = random.chance(0.9) ? 1 : 1 + random.below(4);
    while (!reference.empty() && reference.front() + budget.window <= now) reference.pop_front();
    const bool fits = reference.size() + cost <= budget.limit;
    if (fits) reference.insert(reference.end(), cost, now);
    differences += spender.spend(now, cost).admitted != fits ? 1 : 0;
  }
  return differences;
}

TEST(SlidingLogProperty, equals_brute_force_on_six_hundred_thousand_requests) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) EXPECT_EQ(differences_from_brute_force(10'000, seed), 0U) << seed;
}

// ---- clocks that jump ----

constexpr Algorithm all_algorithms[] = {Algorithm::token_bucket, Algorithm::gcra, Algorithm::fixed_window,
                                        Algorithm::sliding_window, Algorithm::sliding_log};

RC_GTEST_PROP(BudgetProperty, a_clock_that_goes_back_gives_nothing_and_takes_one_budget_at_most, ()) {
  const auto back = milliseconds{*rc::gen::inRange(1, 1'000'000)};
  for (const Algorithm algorithm : all_algorithms) {
    const Budget budget = any_budget(algorithm);
    const bool is_bucket = algorithm == Algorithm::token_bucket || algorithm == Algorithm::gcra;
    const std::uint64_t whole = is_bucket ? budget.burst : budget.limit;
    Spender spender(budget);
    Time now = at(seconds{2000});
    RC_ASSERT(admitted_of(spender, now, 1000) == whole);
    now -= back;
    RC_ASSERT(admitted_of(spender, now, 1000) == 0U);
    const Duration full =
        is_bucket ? Duration{static_cast<std::int64_t>(whole * budget.unit_nanoseconds())} : 3 * budget.window;
    RC_ASSERT(admitted_of(spender, now + full + clock_slack, 1000) == whole);
  }
}

RC_GTEST_PROP(BudgetProperty, a_clock_that_jumps_ahead_gives_one_whole_budget, ()) {
  const auto ahead = std::chrono::hours{*rc::gen::inRange(1, 30'000)};
  for (const Algorithm algorithm : all_algorithms) {
    const Budget budget = any_budget(algorithm);
    const bool is_bucket = algorithm == Algorithm::token_bucket || algorithm == Algorithm::gcra;
    Spender spender(budget);
    (void)admitted_of(spender, at({}), 1000);
    RC_ASSERT(admitted_of(spender, at(ahead), 1000) == (is_bucket ? budget.burst : budget.limit));
  }
}

TEST(Budget, a_core_whose_clock_is_a_moment_behind_counts_in_the_same_window) {
  for (const Algorithm algorithm : {Algorithm::fixed_window, Algorithm::sliding_window}) {
    Spender spender(windows(algorithm, 10));
    EXPECT_EQ(admitted_of(spender, at(milliseconds{1000}), 6), 6U);
    EXPECT_EQ(admitted_of(spender, at(milliseconds{999}), 100), 4U);
    EXPECT_EQ(admitted_of(spender, at(milliseconds{1001}), 100), 0U) << name_of(algorithm);
  }
}

TEST(Budget, weighs_nothing_exactly_when_it_is_as_new) {
  for (const Algorithm algorithm : all_algorithms) {
    if (algorithm == Algorithm::sliding_log) continue;
    const Budget budget{.algorithm = algorithm, .limit = 10, .burst = 10};
    Spender spender(budget);
    EXPECT_EQ(spender.weight(at({})), 0U);
    const BudgetVerdict verdict = spender.spend(at({}), 4);
    EXPECT_GT(spender.weight(at({})), 0U);
    EXPECT_GT(spender.weight(at(verdict.reset - Duration{1})), 0U);
    EXPECT_EQ(spender.weight(at(verdict.reset)), 0U) << name_of(algorithm);
  }
}

}  // namespace
}  // namespace weir
