// Shows: the chunked coding is read strictly, and how the bytes were cut changes nothing.
// How: tables of coded bytes and outcomes, each fed whole, cut in two at every byte, and byte by byte.
#include "protocols/h1/chunked.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::h1 {
namespace {

/// The body in brackets, its trailers and what is left over, or the name of the error.
std::string read_in_pieces(const std::vector<std::string>& pieces, const Limits& limits = {}) {
  BlockPool pool;
  Arena arena(pool);
  Fields trailers(arena);
  ChunkedReader reader(limits, Origin::client, trailers);
  std::string body = "[";
  std::size_t left_over = 0;
  bool end = false;
  for (std::string piece : pieces) {
    std::span<char> rest = piece;
    while (!rest.empty() && !end) {
      const Result<ChunkedReader::Step> step = reader.next(rest);
      if (!step) return std::string(name_of(step.error().code));
      body += step->data;
      rest = rest.subspan(step->consumed);
      end = step->end;
      if (step->consumed == 0 && !end) return "stuck";
    }
    left_over += rest.size();
  }
  if (!end) return "more";
  body += "]";
  for (const Field& field : trailers) body.append(field.name).append("=").append(field.value).append(";");
  return body + std::to_string(left_over);
}

struct Case {
  std::string bytes;
  std::string outcome;
};

const std::vector<Case> cases{
    {"5\r\nhello\r\n0\r\n\r\n", "[hello]0"},
    {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET", "[hello world]3"},
    {"a\r\n0123456789\r\n0000\r\n\r\n", "[0123456789]0"},
    {"A;name=value;flag;q=\"x y\"\r\n0123456789\r\n0\r\n\r\n", "[0123456789]0"},
    {"0\r\nETag: \"x\"\r\nX-Sum: 1\r\n\r\nrest", "[]etag=\"x\";x-sum=1;4"},
    {"5\r\nhello\r\n0\r\n", "more"},
    {"5\r\nhel", "more"},
    // sizes
    {"\r\n", "bad_chunk_size"},
    {"g\r\n", "bad_chunk_size"},
    {"0x5\r\nhello\r\n", "bad_chunk_size"},
    {"+5\r\nhello\r\n", "bad_chunk_size"},
    {"-5\r\nhello\r\n", "bad_chunk_size"},
    {" 5\r\nhello\r\n", "bad_chunk_size"},
    {"5 \r\nhello\r\n", "bad_chunk_size"},
    {"5 ;a\r\nhello\r\n", "bad_chunk_size"},
    {"5_0\r\n", "bad_chunk_size"},
    {"10000000000000000\r\n", "bad_chunk_size"},
    {"00000000000000005\r\nhello\r\n", "bad_chunk_size"},
    {"5\nhello\r\n", "bare_line_feed"},
    {"5;a\nhello\r\n", "bare_line_feed"},
    {"5\r\r\nhello\r\n", "bad_chunk_size"},
    {"5;a\rb\r\nhello\r\n", "bad_chunk_extension"},
    {"5;a\x01\r\nhello\r\n", "bad_chunk_extension"},
    {"5;" + std::string(254, 'x') + "\r\nhello\r\n0\r\n\r\n", "[hello]0"},
    {"5;" + std::string(255, 'x') + "\r\nhello\r\n0\r\n\r\n", "chunk_line_too_long"},
    {std::string(300, '0'), "chunk_line_too_long"},
    // ends
    {"5\r\nhelloX\r\n", "bad_chunk_end"},
    {"5\r\nhello\n0\r\n\r\n", "bare_line_feed"},
    {"5\r\nhello\rX", "bad_chunk_end"},
    {"5\r\nhello0\r\n\r\n", "bad_chunk_end"},
    // trailers
    {"0\r\nHost: a\r\n\r\n", "bad_trailer"},
    {"0\r\nContent-Length: 5\r\n\r\n", "bad_trailer"},
    {"0\r\nTransfer-Encoding: chunked\r\n\r\n", "bad_trailer"},
    {"0\r\nConnection: close\r\n\r\n", "bad_trailer"},
    {"0\r\nAuthorization: x\r\n\r\n", "bad_trailer"},
    {"0\r\nContent-Range: x\r\n\r\n", "bad_trailer"},
    {"0\r\nX-Forwarded-For: x\r\n\r\n", "bad_trailer"},
    {"0\r\nA : b\r\n\r\n", "bad_trailer"},
    {"0\r\nA: b\r\n c\r\n\r\n", "bad_trailer"},
    {"0\r\nA: b\n\r\n", "bare_line_feed"},
    {"0\r\nA: " + std::string(8192, 'x') + "\r\n\r\n", "trailer_too_large"},
};

TEST(ChunkedReader, reads_or_refuses_each_with_its_own_code) {
  for (const Case& each : cases)
    EXPECT_EQ(read_in_pieces({each.bytes}), each.outcome) << testing::PrintToString(each.bytes);
}

TEST(ChunkedReader, outcome_does_not_depend_on_how_bytes_were_cut) {
  for (const Case& each : cases) {
    if (each.bytes.size() > 4000) continue;
    for (std::size_t cut = 0; cut <= each.bytes.size(); ++cut) {
      EXPECT_EQ(read_in_pieces({each.bytes.substr(0, cut), each.bytes.substr(cut)}), each.outcome)
          << testing::PrintToString(each.bytes) << " cut at " << cut;
    }
    std::vector<std::string> bytes;
    for (const char c : each.bytes) bytes.emplace_back(1, c);
    EXPECT_EQ(read_in_pieces(bytes), each.outcome) << testing::PrintToString(each.bytes);
  }
}

TEST(ChunkedReader, hands_out_views_of_what_arrived) {
  BlockPool pool;
  Arena arena(pool);
  Fields trailers(arena);
  const Limits limits;
  ChunkedReader reader(limits, Origin::client, trailers);
  std::string bytes = "5\r\nhello\r\n3\r\nabc\r\n";
  const Result<ChunkedReader::Step> first = reader.next(bytes);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->data.data(), bytes.data() + 3);
  EXPECT_EQ(first->data, "hello");
  const Result<ChunkedReader::Step> second = reader.next(std::span(bytes).subspan(first->consumed));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->data, "abc");
}

}  // namespace
}  // namespace weir::h1
