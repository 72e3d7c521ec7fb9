// Shows: heads are read strictly, each refusal has its own code, and how the bytes were cut changes nothing.
// How: tables of bytes and outcomes; every head of the tables is also parsed prefix by prefix.
#include "protocols/h1/head_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::h1 {
namespace {

struct Parsed {
  std::string bytes;
  BlockPool pool;
  Arena arena{pool};
  RequestHead request{arena};
  Result<HeadLength> length = 0;
};

std::unique_ptr<Parsed> parse(std::string_view bytes, const Limits& limits = {}) {
  auto parsed = std::make_unique<Parsed>();
  parsed->bytes = bytes;
  parsed->length = parse_request_head(parsed->bytes, limits, parsed->request);
  return parsed;
}

std::string outcome_of(const Result<HeadLength>& length) {
  if (!length) return std::string(name_of(length.error().code));
  return *length == 0 ? "more" : std::to_string(*length);
}

TEST(HeadParser, reads_request_line_and_fields) {
  const auto parsed =
      parse("GET /a?b=c HTTP/1.1\r\nHost: Example.com\r\nX-Mixed-Case:\t two words \t\r\nEmpty:\r\n\r\nrest");
  ASSERT_TRUE(parsed->length) << name_of(parsed->length.error().code);
  EXPECT_EQ(*parsed->length, parsed->bytes.size() - 4);
  EXPECT_EQ(parsed->request.method, Method::get);
  EXPECT_EQ(parsed->request.method_text, "GET");
  EXPECT_EQ(parsed->request.target, "/a?b=c");
  EXPECT_EQ(parsed->request.version, Version::http_1_1);
  ASSERT_EQ(parsed->request.fields.size(), 3U);
  EXPECT_EQ(parsed->request.fields.get(FieldName::host), "Example.com");
  EXPECT_EQ(parsed->request.fields.find("x-mixed-case")->value, "two words");
  EXPECT_EQ(parsed->request.fields.find("empty")->value, "");
}

struct Case {
  std::string bytes;
  std::string outcome;
};

const std::string nul(1, '\0');

const std::vector<Case> cases{
    // request line
    {"GET / HTTP/1.1\r\n\r\n", "18"},
    {"\r\nGET / HTTP/1.1\r\n\r\n", "20"},
    {"\r\n\r\nGET / HTTP/1.1\r\n\r\n", "malformed_request_line"},
    {"\nGET / HTTP/1.1\r\n\r\n", "bare_line_feed"},
    {"\rGET / HTTP/1.1\r\n\r\n", "bare_carriage_return"},
    {" GET / HTTP/1.1\r\n\r\n", "malformed_request_line"},
    {"GET  / HTTP/1.1\r\n\r\n", "malformed_request_line"},
    {"GET / HTTP/1.1 \r\n\r\n", "malformed_request_line"},
    {"GET /  HTTP/1.1\r\n\r\n", "malformed_request_line"},
    {"GET / a HTTP/1.1\r\n\r\n", "malformed_request_line"},
    {"GET\t/ HTTP/1.1\r\n\r\n", "bad_method"},
    {"G(T / HTTP/1.1\r\n\r\n", "bad_method"},
    {"\x16\x03\x01", "bad_method"},
    {"G" + nul + "T / HTTP/1.1\r\n\r\n", "nul_byte"},
    {"GET\r\n\r\n", "malformed_request_line"},
    {"GET /\r\n\r\n", "malformed_request_line"},
    {"GET /\n", "bare_line_feed"},
    {"GET /\rx", "bare_carriage_return"},
    {"GET /a\tb HTTP/1.1\r\n\r\n", "bad_target"},
    {"GET /a" + nul + " HTTP/1.1\r\n\r\n", "nul_byte"},
    {"GET /\xC3\xA9 HTTP/1.1\r\n\r\n", "bad_target"},
    {"GET /\x7F HTTP/1.1\r\n\r\n", "bad_target"},
    {"GET /a#b HTTP/1.1\r\n\r\n", "bad_target"},
    {"GET / http/1.1\r\n\r\n", "malformed_request_line"},
    {"GET / HTTP/1.10\r\n\r\n", "malformed_request_line"},
    {"GET / HTTP/1\r\n\r\n", "malformed_request_line"},
    {"GET / HTTP/1.7\r\n\r\n", "18"},
    {"GET / HTTP/1.0\r\n\r\n", "18"},
    {"GET / HTTP/0.9\r\n\r\n", "unsupported_version"},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "unsupported_version"},
    {"GET / HTTP/1.1\n\r\n", "bare_line_feed"},
    {"GET / HTTP/1.1\r\r\n", "bare_carriage_return"},
    // fields
    {"GET / HTTP/1.1\r\nA: b\n\r\n", "bare_line_feed"},
    {"GET / HTTP/1.1\r\nA: b\r\n\n", "bare_line_feed"},
    {"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", "bare_carriage_return"},
    {"GET / HTTP/1.1\r\nA: b\r\n\rc", "bare_carriage_return"},
    {"GET / HTTP/1.1\r\nA: b" + nul + "\r\n\r\n", "nul_byte"},
    {"GET / HTTP/1.1\r\nA" + nul + ": b\r\n\r\n", "nul_byte"},
    {"GET / HTTP/1.1\r\nA: b\x01\r\n\r\n", "bad_field_value"},
    {"GET / HTTP/1.1\r\nA: 0123456789abcdefghij\x7F\r\n\r\n", "bad_field_value"},
    {"GET / HTTP/1.1\r\nA: \xC3\xA9\tx\r\n\r\n", "27"},
    {"GET / HTTP/1.1\r\n A: b\r\n\r\n", "obs_fold"},
    {"GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", "obs_fold"},
    {"GET / HTTP/1.1\r\nA : b\r\n\r\n", "space_before_colon"},
    {"GET / HTTP/1.1\r\nA\t : b\r\n\r\n", "space_before_colon"},
    {"GET / HTTP/1.1\r\nA b: c\r\n\r\n", "bad_field_name"},
    {"GET / HTTP/1.1\r\n: b\r\n\r\n", "bad_field_name"},
    {"GET / HTTP/1.1\r\nA\r\n\r\n", "bad_field_name"},
    {"GET / HTTP/1.1\r\nA\n", "bare_line_feed"},
    {"GET / HTTP/1.1\r\nA@b: c\r\n\r\n", "bad_field_name"},
    {"GET / HTTP/1.1\r\n\xC3\xA9: c\r\n\r\n", "bad_field_name"},
};

TEST(HeadParser, reads_or_refuses_each_with_its_own_code) {
  for (const Case& each : cases)
    EXPECT_EQ(outcome_of(parse(each.bytes)->length), each.outcome) << testing::PrintToString(each.bytes);
}

TEST(HeadParser, outcome_does_not_depend_on_how_bytes_were_cut) {
  for (const Case& each : cases) {
    std::string seen = "more";
    for (std::size_t size = 0; size <= each.bytes.size(); ++size) {
      const std::string now = outcome_of(parse(each.bytes.substr(0, size))->length);
      if (seen == "more") seen = now;
      EXPECT_EQ(now, seen) << "a verdict changed with byte " << size << " of " << testing::PrintToString(each.bytes);
    }
    EXPECT_EQ(seen, each.outcome) << testing::PrintToString(each.bytes);
  }
}

TEST(HeadParser, asks_for_more_at_every_prefix_of_a_good_head) {
  const std::string head = "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
  for (std::size_t size = 0; size < head.size(); ++size) {
    const auto parsed = parse(head.substr(0, size));
    EXPECT_EQ(outcome_of(parsed->length), "more") << size;
    EXPECT_TRUE(parsed->request.fields.empty());
  }
}

TEST(HeadParser, keeps_to_its_limits) {
  Limits limits;
  limits.request_line_bytes = 20;
  limits.field_bytes = 10;
  limits.fields = 2;
  limits.head_bytes = 60;
  const auto outcome = [&](std::string_view bytes) { return outcome_of(parse(bytes, limits)->length); };
  EXPECT_EQ(outcome("GET /123456 HTTP/1.1\r\n\r\n"), "24");
  EXPECT_EQ(outcome("GET /1234567 HTTP/1.1\r\n\r\n"), "target_too_long");
  EXPECT_EQ(outcome("GET /1234567890123456789"), "target_too_long");
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\nabc: 67890\r\n\r\n"), "30");
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\nabc: 678901\r\n\r\n"), "field_too_large");
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\na:\r\nb:\r\n\r\n"), "26");
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\na:\r\nb:\r\nc"), "too_many_fields");
  limits.fields = 100;
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n"),
            "head_too_large");
}

TEST(HeadParser, moves_its_views_to_a_copy) {
  const auto parsed = parse("GET /a HTTP/1.1\r\nHost: b\r\n\r\n");
  const std::string copy = parsed->bytes;
  rebase(parsed->request, parsed->bytes, copy.data());
  std::fill(parsed->bytes.begin(), parsed->bytes.end(), '!');
  EXPECT_EQ(parsed->request.method_text, "GET");
  EXPECT_EQ(parsed->request.target, "/a");
  EXPECT_EQ(parsed->request.fields.begin()->name, "host");
  EXPECT_EQ(parsed->request.fields.begin()->value, "b");
}

struct ResponseCase {
  std::string bytes;
  std::string outcome;
  Status status = 0;
};

TEST(HeadParser, reads_status_lines) {
  const std::vector<ResponseCase> responses{
      {"HTTP/1.1 200 OK\r\n\r\n", "19", 200},
      {"HTTP/1.1 200 \r\n\r\n", "17", 200},
      {"HTTP/1.1 200\r\n\r\n", "16", 200},
      {"HTTP/1.0 404 Not Found\xE9\r\n\r\n", "27", 404},
      {"HTTP/1.1 099 X\r\n\r\n", "malformed_status_line"},
      {"HTTP/1.1 600 X\r\n\r\n", "malformed_status_line"},
      {"HTTP/1.1 20 OK\r\n\r\n", "malformed_status_line"},
      {"HTTP/1.1 2000 OK\r\n\r\n", "malformed_status_line"},
      {"HTTP/1.1  200 OK\r\n\r\n", "malformed_status_line"},
      {"HTTP/1.1 200\tOK\r\n\r\n", "malformed_status_line"},
      {"HTTP/1.1 200 O\x01K\r\n\r\n", "malformed_status_line"},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", "malformed_status_line"},
      {"http/1.1 200 OK\r\n\r\n", "malformed_status_line"},
      {"HTTP/2.0 200 OK\r\n\r\n", "unsupported_version"},
      {"ICY 200 OK\r\n\r\n", "malformed_status_line"},
      {"HTTP/1.1 200 OK\n\n", "bare_line_feed"},
      {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "obs_fold"},
  };
  for (ResponseCase each : responses) {
    for (std::size_t size = 0; size <= each.bytes.size(); ++size) {
      BlockPool pool;
      Arena arena(pool);
      ResponseHead response(arena);
      std::string bytes = each.bytes.substr(0, size);
      const Result<HeadLength> length = parse_response_head(bytes, {}, response);
      if (size < each.bytes.size()) {
        EXPECT_TRUE(outcome_of(length) == "more" || outcome_of(length) == each.outcome)
            << testing::PrintToString(bytes);
        continue;
      }
      EXPECT_EQ(outcome_of(length), each.outcome) << testing::PrintToString(bytes);
      if (length)
        EXPECT_EQ(response.status, each.status);
      else
        EXPECT_EQ(length.error().origin, Origin::upstream);
    }
  }
}

}  // namespace
}  // namespace weir::h1
