// Never more than the bound, in any time of any length: a million random decisions for clocks that go, and as many for
// clocks that jump, by all five algorithms; and members of a fleet that hear nobody, by their shares.
//
// Intervals are not tried one by one: what is spent beyond what has come back since, over all intervals that end now,
// is one number that each request moves on.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "base/random.h"
#include "filters/limit/error_bound.h"
#include "filters/limit/fleet/testing/fleet_world.h"
#include "filters/limit/ledger.h"
#include "filters/limit/testing/spender.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Algorithm all_algorithms[] = {Algorithm::token_bucket, Algorithm::gcra, Algorithm::fixed_window,
                                        Algorithm::sliding_window, Algorithm::sliding_log};
constexpr int budgets = 20;
constexpr int requests = 10'000;  // of each budget: a million with five algorithms

bool is_bucket(const Budget& budget) {
  return budget.algorithm == Algorithm::token_bucket || budget.algorithm == Algorithm::gcra;
}

Budget any_budget(Algorithm algorithm, Random& random) {
  return {.algorithm = algorithm,
          .limit = 3 + random.below(60),
          .window = milliseconds{1000 + static_cast<std::int64_t>(random.below(8000))},
          .burst = 3 + random.below(20)};
}

Duration below(Random& random, Duration bound) {
  return Duration{static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(bound.count())))};
}

/// Until the next request: bursts, requests about as fast as the budget allows, silences.
Duration gap(const Budget& budget, Random& random) {
  if (random.chance(0.3)) return {};
  if (random.chance(0.01)) return below(random, 2 * budget.window);
  return below(random, 2 * budget.window / static_cast<std::int64_t>(budget.limit));
}

/// Units spent in the last time of a length.
class Lately {
 public:
  explicit Lately(Duration length) : length_(length) {}
  std::uint64_t spend(Time now, std::uint64_t cost) {
    while (!spent_.empty() && spent_.front().first <= now - length_) {
      inside_ -= spent_.front().second;
      spent_.pop_front();
    }
    spent_.emplace_back(now, cost);
    return inside_ += cost;
  }

 private:
  Duration length_;
  std::deque<std::pair<Time, std::uint64_t>> spent_;
  std::uint64_t inside_ = 0;
};

/// What a key was given, held against every bound that is stated of its budget.
class Witness {
 public:
  explicit Witness(const Budget& budget)
      : budget_(budget), bound_(limit::machine_bound(budget, 1)), window_(budget.window) {}

  void admitted(Time now, std::uint64_t cost) {
    ASSERT_LE(static_cast<double>(second_.spend(now, cost)), bound_.worst_second);
    ASSERT_LE(static_cast<double>(ten_seconds_.spend(now, cost)), bound_.worst_ten_seconds);
    const std::uint64_t inside = window_.spend(now, cost);
    if (!is_bucket(budget_)) {
      ASSERT_LE(inside, budget_.algorithm == Algorithm::sliding_log ? budget_.limit : 2 * budget_.limit);
      return;
    }
    const std::uint64_t unit = budget_.unit_nanoseconds();
    const auto passed = static_cast<std::uint64_t>((now - last_).count());
    beyond_ = (beyond_ > passed ? beyond_ - passed : 0) + cost * unit;
    last_ = now;
    ASSERT_LE(beyond_, budget_.burst * unit) << "in some time that ends now";
  }

 private:
  Budget budget_;
  limit::Bound bound_;
  Lately second_{seconds{1}};
  Lately ten_seconds_{seconds{10}};
  Lately window_;
  Time last_{};
  std::uint64_t beyond_ = 0;  // nanoseconds' worth, over all intervals that end with the last request
};

TEST(BoundProperty, no_time_holds_more_than_the_bound_in_a_million_decisions_of_keys_that_share_a_table) {
  Random random(4711);
  for (const Algorithm algorithm : all_algorithms) {
    std::uint64_t refused = 0;
    for (int each = 0; each < budgets; ++each) {
      const Budget budget = any_budget(algorithm, random);
      const bool alone = algorithm == Algorithm::sliding_log;
      // More keys than slots at times, so that they take one another's over.
      Ledger ledger(budget, 2, alone ? Company::alone : Company::shared);
      std::map<std::uint64_t, Witness> keys;
      Time now{seconds{1000} + below(random, budget.window)};
      for (int request = 0; request < requests; ++request) {
        const std::uint64_t key = 1 + (random.chance(0.7) ? random.below(2) : random.below(12));
        now += gap(budget, random) / 2;
        const std::uint64_t cost = random.chance(0.8) ? 1 : 1 + random.below(3);
        std::uint64_t before = 0;
        if (!ledger.spend(key, now, cost, before).admitted) {
          ++refused;
          continue;
        }
        keys.try_emplace(key, budget).first->second.admitted(now, cost);
        if (HasFatalFailure()) FAIL() << name_of(algorithm) << " budget " << each << " request " << request;
      }
    }
    EXPECT_GT(refused, static_cast<std::uint64_t>(budgets) * requests / 20) << "traffic that tests nothing";
  }
}

// ---- costs that are settled ----

/// A request that was charged, and what it turns out to cost when its answer comes.
struct Open {
  Charge charge;
  std::uint64_t cost = 1;
  Time answered{};
};

// Requests are charged the most that they may cost and get back the rest with their answers, soon or much later, many
// at once. What they cost in truth, at the moments at which they came, stays within every bound.
TEST(BoundProperty, no_time_holds_more_than_the_bound_in_half_a_million_costs_that_are_settled_later) {
  Random random(37);
  for (const Algorithm algorithm :
       {Algorithm::token_bucket, Algorithm::gcra, Algorithm::fixed_window, Algorithm::sliding_window}) {
    std::uint64_t given_back = 0;
    for (int each = 0; each < budgets; ++each) {
      const Budget budget = any_budget(algorithm, random);
      const std::uint64_t whole = is_bucket(budget) ? budget.burst : budget.limit;
      Spender key(budget);
      std::vector<Open> open;
      std::vector<std::pair<Time, std::uint64_t>> came;  // and their costs
      Time now{seconds{1000}};
      for (int request = 0; request < requests; ++request) {
        now += gap(budget, random) / 2;
        std::erase_if(open, [&](const Open& each_open) {
          if (each_open.answered > now) return false;
          key.settle(now, static_cast<std::int64_t>(each_open.cost) - static_cast<std::int64_t>(each_open.charge.cost),
                     each_open.charge);
          given_back += each_open.charge.cost - each_open.cost;
          return true;
        });
        const std::uint64_t most = 1 + random.below(whole);
        if (!key.spend(now, most).admitted) continue;
        const std::uint64_t cost = 1 + random.below(most);
        came.emplace_back(now, cost);
        open.push_back({.charge = {.at = now, .cost = most},
                        .cost = cost,
                        .answered = now + below(random, random.chance(0.5) ? budget.window / 8 : 3 * budget.window)});
      }
      Witness witness(budget);
      for (const auto& [when, cost] : came) {
        witness.admitted(when, cost);
        if (HasFatalFailure()) FAIL() << name_of(algorithm) << " budget " << each;
      }
    }
    EXPECT_GT(given_back, 1000U) << "traffic that tests nothing";
  }
}

// ---- clocks that jump ----

/// What a clock that jumps may give: it never gives anything by going back, and by going on what time gives.
class JumpWitness {
 public:
  explicit JumpWitness(const Budget& budget) : budget_(budget), window_(budget.window) {}

  void moved(Time before, Time now) {
    if (now > before) gone_on_ += now - before;
    const auto number = [&](Time moment) { return moment.time_since_epoch() / budget_.window; };
    if (number(now) > number(before)) inside_ = 0;
  }
  void admitted(std::uint64_t cost) {
    if (budget_.algorithm == Algorithm::sliding_log) {
      ASSERT_LE(window_.spend(Time{} + gone_on_, cost), budget_.limit);
      return;
    }
    if (!is_bucket(budget_)) {
      ASSERT_LE(inside_ += cost, budget_.limit) << "since the clock went into a later window";
      return;
    }
    const std::uint64_t unit = budget_.unit_nanoseconds();
    const auto passed = static_cast<std::uint64_t>((gone_on_ - last_).count());
    beyond_ = (beyond_ > passed ? beyond_ - passed : 0) + cost * unit;
    last_ = gone_on_;
    ASSERT_LE(beyond_, budget_.burst * unit);
  }

 private:
  Budget budget_;
  Duration gone_on_{};  // forwards, all ways together
  Duration last_{};
  std::uint64_t beyond_ = 0;
  std::uint64_t inside_ = 0;
  Lately window_;
};

Duration jump(Random& random) {
  const Duration far = random.chance(0.5) ? Duration{seconds{20}} : Duration{std::chrono::hours{300}};
  return below(random, 2 * far) - far;
}

/// Whoever was refused, and whatever the clock had done before: so long afterwards the whole budget is there.
void expect_no_longer_wait(const Budget& budget, Spender key, Time now) {
  (void)key.spend(now);  // the clock is noticed
  const std::uint64_t whole = is_bucket(budget) ? budget.burst : budget.limit;
  const Duration full = is_bucket(budget)
                            ? Duration{static_cast<std::int64_t>((budget.burst + 1) * budget.unit_nanoseconds())}
                            : 3 * budget.window;
  ASSERT_EQ(admitted_of(key, now + full + clock_slack, 100), whole);
}

TEST(BoundProperty, clocks_that_jump_neither_admit_nor_refuse_beyond_the_bound_in_a_million_decisions) {
  Random random(23);
  for (const Algorithm algorithm : all_algorithms) {
    for (int each = 0; each < budgets; ++each) {
      const Budget budget = any_budget(algorithm, random);
      Spender key(budget);
      JumpWitness witness(budget);
      Time now{std::chrono::hours{10'000}};
      for (int request = 0; request < requests; ++request) {
        const Time before = now;
        now = std::max(Time{seconds{1}}, now + (random.chance(0.01) ? jump(random) : gap(budget, random)));
        witness.moved(before, now);
        const std::uint64_t cost = random.chance(0.8) ? 1 : 1 + random.below(3);
        if (key.spend(now, cost).admitted) witness.admitted(cost);
        if (random.chance(0.002)) expect_no_longer_wait(budget, key, now);
        if (HasFatalFailure()) FAIL() << name_of(algorithm) << " budget " << each << " request " << request;
      }
    }
  }
}

}  // namespace

// ---- a fleet ----

namespace limit::fleet {
namespace {

// Members that hear nobody give out their shares: together at most what `weir limits` says of it, for random numbers of
// members, limits and traffic. Two million requests.
TEST(BoundProperty, members_that_hear_nobody_hold_the_limit_by_their_shares) {
  Random random(31);
  std::uint64_t offered = 0;
  for (std::uint64_t seed = 1; offered < 2'000'000; ++seed) {
    const double limit = 200 + static_cast<double>(random.below(2000));
    const WorldSettings settings{
        .nodes = 2 + static_cast<unsigned>(random.below(7)), .seed = seed, .limit = limit, .burst = limit / 10};
    World world(settings);
    const double load = 2 + static_cast<double>(random.below(9));
    const auto traffic = [&](double now) { return limit * (std::fmod(now, 3) < 1 ? 0.3 : load); };
    world.run_until(4, traffic);
    world.connected = [](MemberNumber, MemberNumber) { return false; };
    world.run_until(20, traffic);
    const Budget whole{.limit = static_cast<std::uint64_t>(limit), .burst = static_cast<std::uint64_t>(limit / 10)};
    const Bound bound = fleet_share_bound(whole);
    // From the moment on at which the last ratio is over (time_to_live).
    constexpr double from = 7;
    EXPECT_LE(world.worst(1, from) * limit, bound.worst_second) << "seed " << seed << ", " << settings.nodes;
    EXPECT_LE(world.worst(10, from) * limit * 10, bound.worst_ten_seconds) << "seed " << seed << ", " << settings.nodes;
    offered += world.offered();
  }
}

}  // namespace
}  // namespace limit::fleet
}  // namespace weir
