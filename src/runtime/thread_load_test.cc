// A share of the time between two readings, not read more often than it is worth.
#include "runtime/thread_load.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using std::chrono::milliseconds;

TEST(ThreadLoad, is_the_share_of_the_time_between_two_readings) {
  Duration wanted{};
  ThreadLoad load([&] { return wanted; });
  const Time start{};
  EXPECT_EQ(load.busy(start), 0U);
  wanted = milliseconds{900};
  EXPECT_EQ(load.busy(start + milliseconds{100}), 0U) << "read again only after the interval";
  EXPECT_EQ(load.busy(start + milliseconds{1000}), 900U);
  wanted += milliseconds{500};
  EXPECT_EQ(load.busy(start + milliseconds{1100}), 900U);
  EXPECT_EQ(load.busy(start + milliseconds{2000}), 500U);
  EXPECT_EQ(load.busy(start + milliseconds{3000}), 0U);
}

TEST(ThreadLoad, time_that_was_wanted_only_grows) {
  const Duration before = ThreadLoad::time_wanted();
  EXPECT_GT(before, Duration::zero());
  EXPECT_GE(ThreadLoad::time_wanted(), before);
}

}  // namespace
}  // namespace weir
