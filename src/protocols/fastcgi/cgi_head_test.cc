// Shows: the heads of CGI programs are read strictly, and their end is found wherever the bytes were cut.
// How: tables of heads and what they mean.
#include "protocols/fastcgi/cgi_head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::fastcgi {
namespace {

/// `200 length=5 a=1;b=2;` or the name of the error.
std::string meaning(std::string text, Method method = Method::get, const Limits& limits = {}) {
  BlockPool pool;
  Arena arena(pool);
  ResponseHead head(arena);
  const Result<void> parsed = parse_cgi_head(text, method, limits, head);
  if (!parsed) {
    EXPECT_EQ(parsed.error().origin, Origin::upstream);
    return std::string(name_of(parsed.error().code));
  }
  std::string said = std::to_string(head.status);
  if (head.framing.kind == Framing::Kind::length) said += " length=" + std::to_string(head.framing.length);
  if (head.framing.kind == Framing::Kind::chunked) said += " unknown";
  if (head.framing.kind == Framing::Kind::none) said += " none";
  for (const Field& field : head.fields) said.append(" ").append(field.name).append("=").append(field.value);
  return said;
}

struct Case {
  std::string text;
  std::string meaning;
};

TEST(CgiHead, means_what_the_table_says) {
  const std::vector<Case> cases{
      {"Content-Type: text/html\r\n\r\n", "200 unknown content-type=text/html"},
      {"Content-Type: text/html\n\n", "200 unknown content-type=text/html"},
      {"Status: 404 Not Found\r\nX: y\r\n\r\n", "404 unknown x=y"},
      {"Status: 404\r\n\r\n", "404 unknown"},
      {"Location: /new\r\n\r\n", "302 unknown location=/new"},
      {"Location: /new\r\nStatus: 201 Created\r\n\r\n", "201 unknown location=/new"},
      {"Content-Length: 5\r\n\r\n", "200 length=5"},
      {"Set-Cookie: a\r\nSet-Cookie: b\r\n\r\n", "200 unknown set-cookie=a set-cookie=b"},
      {"X:\r\n\r\n", "200 unknown x="},
      {"Connection: x-gone\r\nKeep-Alive: 1\r\nUpgrade: h2c\r\nTE: x\r\nTrailer: x\r\nA: b\r\n\r\n", "200 unknown a=b"},
      {"Status: 204 No Content\r\nContent-Length: 0\r\n\r\n", "204 none"},
      {"Status: 304\r\nContent-Length: 7\r\n\r\n", "304 none content-length=7"},
      // refused
      {"\r\n", "missing_response_head"},
      {"HTTP/1.1 200 OK\r\n\r\n", "bad_field_name"},
      {"Status: 99\r\n\r\n", "malformed_status_line"},
      {"Status: 100 Continue\r\n\r\n", "malformed_status_line"},
      {"Status: 600\r\n\r\n", "malformed_status_line"},
      {"Status: 0200\r\n\r\n", "malformed_status_line"},
      {"Status: OK\r\n\r\n", "malformed_status_line"},
      {"Status:\r\n\r\n", "malformed_status_line"},
      {"Status: 200\r\nStatus: 200\r\n\r\n", "malformed_status_line"},
      {"Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "repeated_length"},
      {"Content-Length: 5, 5\r\n\r\n", "repeated_length"},
      {"Content-Length: +5\r\n\r\n", "bad_length"},
      {"Transfer-Encoding: chunked\r\n\r\n", "unsupported_transfer_coding"},
      {"A: b\r\n c\r\n\r\n", "obs_fold"},
      {"A : b\r\n\r\n", "space_before_colon"},
      {"A b: c\r\n\r\n", "bad_field_name"},
      {": c\r\n\r\n", "bad_field_name"},
      {"Warning\r\n\r\n", "bad_field_name"},
      {"A: b\rc\r\n\r\n", "bare_carriage_return"},
      {std::string("A: b\0c\r\n\r\n", 10), "nul_byte"},
      {"A: b\x01\r\n\r\n", "bad_field_value"},
  };
  for (const Case& each : cases) EXPECT_EQ(meaning(each.text), each.meaning) << each.text;
}

TEST(CgiHead, answer_to_head_has_no_content) {
  EXPECT_EQ(meaning("Content-Length: 5\r\n\r\n", Method::head), "200 none content-length=5");
}

TEST(CgiHead, limits_hold) {
  EXPECT_EQ(meaning("A: 1\r\nB: 2\r\nC: 3\r\n\r\n", Method::get, {.fields = 2}), "too_many_fields");
  EXPECT_EQ(meaning("A: 123456789\r\n\r\n", Method::get, {.field_bytes = 8}), "field_too_large");
}

TEST(CgiHead, end_is_found_wherever_the_bytes_were_cut) {
  for (const std::string head : {"A: b\r\n\r\n", "A: b\n\n", "A: b\n\r\n", "A: b\r\nC: d\r\n\r\n", "\r\n", "\n"}) {
    const std::string text = head + "body\n\n";
    EXPECT_EQ(find_head_end(text), head.size()) << head;
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
      EXPECT_EQ(find_head_end(text.substr(0, cut)), 0U) << head << cut;
      EXPECT_EQ(find_head_end(text, cut), head.size()) << head << cut;
    }
  }
}

}  // namespace
}  // namespace weir::fastcgi
