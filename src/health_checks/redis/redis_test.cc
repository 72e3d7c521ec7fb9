// What Redis says to PING, and what it means.
#include "health_checks/redis/redis.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::string judged(std::string_view answer, bool with_password = false, bool ended = false) {
  const auto result = RedisCheck::judge(with_password, answer, ended);
  if (!result) return "more";
  return std::string(result->passed ? "passed " : "failed ") + std::string(result->reason);
}

TEST(RedisCheck, pong_passes_and_everything_else_says_why_not) {
  EXPECT_EQ(judged("+PONG\r\n"), "passed pong");
  EXPECT_EQ(judged("-NOAUTH Authentication required.\r\n"), "passed asks_for_password");
  EXPECT_EQ(judged("-LOADING Redis is loading the dataset in memory\r\n"), "failed loading");
  EXPECT_EQ(judged("-MASTERDOWN Link with MASTER is down\r\n"), "failed primary_down");
  EXPECT_EQ(judged("HTTP/1.1 400 Bad Request\r\n"), "failed not_redis");
  EXPECT_EQ(judged("+PO"), "more");
  EXPECT_EQ(judged("+PO", false, true), "failed not_redis");
  EXPECT_EQ(judged("", false, true), "failed no_answer");
  EXPECT_EQ(judged(std::string(2000, 'x')), "failed not_redis");
}

// Shown by redis_answer_fuzz and its corpus: a line of the greatest length was judged by whether its end came with it.
TEST(RedisCheck, longest_line_is_judged_alike_however_it_comes) {
  const std::string longest = "-NOAUTH " + std::string(1016, 'x') + "\r\n";
  EXPECT_EQ(judged(longest), "passed asks_for_password");
  EXPECT_EQ(judged(std::string_view(longest).substr(0, longest.size() - 1)), "more");
  EXPECT_EQ(judged(std::string_view(longest).substr(0, longest.size() - 2)), "more");
  EXPECT_EQ(judged("x" + longest), "failed not_redis");
}

TEST(RedisCheck, password_is_answered_first) {
  EXPECT_EQ(judged("+OK\r\n", true), "more");
  EXPECT_EQ(judged("+OK\r\n+PONG\r\n", true), "passed pong");
  EXPECT_EQ(judged("-WRONGPASS invalid username-password pair\r\n", true), "failed wrong_password");
}

}  // namespace
}  // namespace weir
