// What can be paid for, with made-up times.
#include "base/purse.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::chrono_literals;

TEST(Purse, so_many_at_once_and_then_as_many_as_time_earns) {
  const Time start{1s};
  Purse purse(start, 3, 100ms);
  EXPECT_EQ(purse.left(start), 3U);
  purse.spend(3);
  EXPECT_EQ(purse.left(start + 99ms), 0U);
  EXPECT_EQ(purse.left(start + 250ms), 2U);
  EXPECT_EQ(purse.left(start + 1h), 3U) << "no more than at once";
}

TEST(Purse, what_is_begun_of_the_next_is_kept) {
  const Time start{1s};
  Purse purse(start, 10, 100ms);
  purse.spend(10);
  unsigned earned = 0;
  for (Time now = start; now <= start + 900ms; now += 30ms) {
    const unsigned left = purse.left(now);
    purse.spend(left);
    earned += left;
  }
  EXPECT_EQ(earned, 9U);
}

TEST(Purse, who_has_been_silent_for_long_pays_no_more_at_once_than_anybody) {
  Purse purse(Time{1s}, 3, 1s);
  unsigned paid = 0;
  while (paid < 10 && purse.pay(Time{1h})) ++paid;
  EXPECT_EQ(paid, 3U);
}

TEST(Purse, who_is_slow_never_pays_in_vain) {
  Purse purse(Time{1s}, 1, 1s);
  for (Time now{1s}; now < Time{60s}; now += 1s) EXPECT_TRUE(purse.pay(now));
  EXPECT_FALSE(purse.pay(Time{59s}));
}

}  // namespace
}  // namespace weir
