// Shows that the account is exact, that the ratio follows from it, and that a ratio is let through evenly.
#include "filters/limit/fleet/ratio.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace weir::limit::fleet {
namespace {

constexpr Allowance allowance{.per_second = 1000, .burst = 100};

TEST(Ratio, of_a_quiet_key_is_one_and_of_a_loud_one_its_part) {
  EXPECT_EQ(ratio_of(allowance, {.balance = 100, .offered_per_second = 900}), 1);
  EXPECT_DOUBLE_EQ(ratio_of(allowance, {.balance = 0, .offered_per_second = 4000}), 0.25);
  EXPECT_LT(ratio_of(allowance, {.balance = -50, .offered_per_second = 4000}), 0.25) << "a debt is paid back";
  EXPECT_EQ(ratio_of(allowance, {.balance = -500, .offered_per_second = 4000}), 0) << "a large one first of all";
}

// Whatever is heard, the balance is what came in less what went out, and never above the burst.
TEST(Ratio, an_account_loses_nothing) {
  Random random(4711);
  Account account{.balance = 100};
  double balance = 100;
  for (int step = 0; step < 100'000; ++step) {
    const double admitted = static_cast<double>(random.below(60));
    const Duration elapsed = std::chrono::milliseconds{random.below(50)};
    account = settle_account(allowance, account, {.offered = 2 * admitted, .admitted = admitted, .elapsed = elapsed});
    if (elapsed > Duration{})
      balance = std::min(100.0, balance + std::chrono::duration<double>(elapsed).count() * 1000 - admitted);
    ASSERT_NEAR(account.balance, balance, 1e-6);
  }
}

TEST(Ratio, what_chance_does_not_explain_is_believed_at_once) {
  Account account{.balance = 0, .offered_per_second = 800};
  account = settle_account(allowance, account, {.offered = 200, .admitted = 0, .elapsed = interval});
  EXPECT_DOUBLE_EQ(account.offered_per_second, 10'000);
  account = {.balance = 0, .offered_per_second = 800};
  account = settle_account(allowance, account, {.offered = 22, .admitted = 0, .elapsed = interval});
  EXPECT_LT(account.offered_per_second, 900) << "22 where 16 were expected is chance";
  EXPECT_FALSE(is_surprise(account, {.offered = 22, .admitted = 22, .elapsed = Duration{}}));
  EXPECT_TRUE(is_surprise(account, {.offered = 100, .admitted = 100, .elapsed = Duration{}}));
}

// Of n requests in a row n * ratio pass, never more than one request's cost from it, at every n.
TEST(Ratio, is_let_through_evenly) {
  Random random(4711);
  for (int round = 0; round < 200; ++round) {
    const double ratio = static_cast<double>(random.below(1000)) / 1000;
    const std::uint64_t cost = 1 + random.below(5);
    double credit = -static_cast<double>(random.below(1000)) / 1000 * static_cast<double>(cost);
    double passed = 0;
    for (int request = 1; request <= 500; ++request) {
      const ShareVerdict verdict = decide_share({.ratio = ratio, .credit = credit, .cost = cost});
      credit = verdict.credit;
      passed += verdict.admitted ? static_cast<double>(cost) : 0;
      ASSERT_LE(std::abs(passed - request * ratio * static_cast<double>(cost)), static_cast<double>(cost) + 1e-6);
    }
  }
}

TEST(Ratio, of_one_refuses_nobody_whatever_it_costs) {
  EXPECT_TRUE(decide_share({.ratio = 1, .credit = -0.9, .cost = 1000}).admitted);
  EXPECT_FALSE(decide_share({.ratio = 0, .credit = -0.9, .cost = 1}).admitted);
}

}  // namespace
}  // namespace weir::limit::fleet
