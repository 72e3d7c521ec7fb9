// Times are read as RFC 3339 has them, and what is written is read again.
#include "app/time_text.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(TimeText, times_are_those_of_rfc_3339) {
  const auto base = parse_time("2026-11-29T02:47:05Z");
  ASSERT_TRUE(base);
  EXPECT_EQ(time_text(*base), "2026-11-29T02:47:05Z");
  EXPECT_EQ(parse_time("2026-11-29T02:47:05.123456789Z"), base);
  EXPECT_EQ(parse_time("2026-11-29t03:47:05+01:00"), base);
  EXPECT_EQ(parse_time("2026-11-28T21:17:05-05:30"), base);
  EXPECT_EQ(parse_time("1970-01-01T00:00:01Z"), WallTime{std::chrono::seconds{1}});
  for (const char* text : {"", "2026-11-29", "2026-11-29T02:47:05", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
                           "2026-11-29T24:00:00Z", "2026-11-29T02:47:05.Z", "2026-11-29T02:47:05Zx",
                           "2026-11-29T02:47:05+1:00", "-026-11-29T02:47:05Z", "9999-11-29T02:47:05Z"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

}  // namespace
}  // namespace weir
