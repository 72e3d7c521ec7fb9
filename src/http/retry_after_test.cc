// What servers say of when to come again, and what is none of it.
#include "http/retry_after.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::chrono_literals;

TEST(RetryAfter, is_seconds_or_a_date) {
  const WallTime now{std::chrono::seconds{784111777}};  // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(parse_retry_after("120", now), 120s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now), 60s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:48:37 GMT", now), 0s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 2094 08:48:37 GMT", now), 24h * 365);
  EXPECT_EQ(parse_retry_after("99999999999", now), 24h * 365);
  EXPECT_FALSE(parse_retry_after("soon", now));
  EXPECT_FALSE(parse_retry_after("", now));
  EXPECT_TRUE(parse_retry_after("99999999999999999999", now).value_or(1s) == 1s) << "and not an overflow";
}

}  // namespace
}  // namespace weir
