// What answers to a health check mean, whole and cut at every byte.
#include "health_checks/http/answer.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

std::string text_of(const std::optional<ProbeResult>& result) {
  if (!result) return "more";
  return std::string(result->passed ? "passed " : "failed ") + std::string(result->reason) + ' ' +
         std::to_string(result->number);
}

/// The verdict on an answer that ends there; the same however its bytes are cut.
std::string judged(const std::string& answer, const HttpExpectation& expected = {}) {
  const std::string whole = text_of(judge_answer(expected, answer, true));
  for (std::size_t size = 0; size < answer.size(); ++size) {
    const auto early = judge_answer(expected, std::string_view(answer).substr(0, size), false);
    if (early) EXPECT_EQ(text_of(early), whole) << "after " << size << " bytes";
  }
  return whole;
}

TEST(HealthAnswer, status_is_enough_where_nothing_else_is_asked_for) {
  EXPECT_EQ(judged("HTTP/1.1 200 OK\r\n\r\n"), "passed status 200");
  EXPECT_EQ(judged("HTTP/1.0 302\r\nlocation: /\r\n\r\n"), "passed status 302");
  EXPECT_EQ(judged("HTTP/1.1 503 Busy\r\n\r\nsorry"), "failed status 503");
  EXPECT_EQ(judged("HTTP/1.1 404 \r\n\r\n", {.statuses = {{404, 404}}}), "passed status 404");
}

TEST(HealthAnswer, interim_answers_are_passed_over) {
  EXPECT_EQ(judged("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), "passed status 200");
}

TEST(HealthAnswer, what_is_not_http_is_a_failure) {
  EXPECT_EQ(judged(""), "failed no_answer 0");
  EXPECT_EQ(judged("SSH-2.0-OpenSSH\r\n"), "failed not_http 0");
  EXPECT_EQ(judged("HTTP/2 200\r\n\r\n"), "failed not_http 0");
  EXPECT_EQ(judged("HTTP/1.1 20x OK\r\n\r\n"), "failed not_http 0");
  EXPECT_EQ(judged("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), "failed not_http 0");
}

TEST(HealthAnswer, fields_are_looked_for_when_asked_for) {
  const HttpExpectation expected{.fields = {{"x-role", "primary"}, {"etag", ""}}};
  EXPECT_EQ(judged("HTTP/1.1 200 OK\r\nX-Role:  primary \r\netag: 1\r\n\r\n", expected), "passed status 200");
  EXPECT_EQ(judged("HTTP/1.1 200 OK\r\nX-Role: replica\r\netag: 1\r\n\r\n", expected), "failed answer_headers 200");
}

TEST(HealthAnswer, text_is_found_in_every_framing) {
  const HttpExpectation expected{.body = "all well"};
  EXPECT_EQ(judged("HTTP/1.1 200 OK\r\n\r\nit is all well.", expected), "passed status 200");
  EXPECT_EQ(judged("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nall well", expected), "failed body 200");
  EXPECT_EQ(
      judged("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nall \r\n4;x=1\r\nwell\r\n0\r\n\r\n", expected),
      "passed status 200");
  EXPECT_EQ(judged("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nall \r\nzz\r\nwell", expected),
            "failed body 200");
}

}  // namespace
}  // namespace weir
