// Shows: records are written as the specification has them and read strictly, and how the bytes were cut changes
// nothing. How: tables of records and outcomes, each fed whole, cut in two at every byte, and byte by byte.
#include "protocols/fastcgi/records.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::fastcgi {
namespace {

std::string record(int type, std::string_view content, int padding = 0, int id = 1, int version = 1) {
  std::string bytes{static_cast<char>(version), static_cast<char>(type), 0, static_cast<char>(id)};
  bytes += static_cast<char>(content.size() >> 8);
  bytes += static_cast<char>(content.size());
  bytes += static_cast<char>(padding);
  bytes += '\0';
  return bytes.append(content) + std::string(static_cast<std::size_t>(padding), '.');
}
std::string end_request(int application_status = 0, int protocol_status = 0, int padding = 0) {
  const std::string body{0, 0, 0, static_cast<char>(application_status), static_cast<char>(protocol_status), 0, 0, 0};
  return record(3, body, padding);
}

/// Output, errors in (), and how it ended.
std::string read_in_pieces(const std::vector<std::string>& pieces) {
  RecordReader reader;
  std::string story;
  std::string unread;
  for (const std::string& piece : pieces) {
    unread += piece;
    while (true) {
      const Result<Arrival> arrival = reader.next(unread);
      if (!arrival) return std::string(name_of(arrival.error().code));
      const std::string content(arrival->content);
      unread.erase(0, arrival->framing_bytes + content.size());
      if (arrival->kind == Arrival::Kind::nothing) break;
      if (arrival->kind == Arrival::Kind::end) {
        story += "|" + std::to_string(reader.application_status());
        return story + "," + std::to_string(static_cast<int>(reader.protocol_status())) + "+";
      }
      for (const char c : content) {
        if (arrival->kind == Arrival::Kind::errors) (story += '(') += c;
        if (arrival->kind == Arrival::Kind::output) story += c;
      }
      if (arrival->kind == Arrival::Kind::errors && arrival->record_ends) story += ')';
      reader.took(content.size());
    }
  }
  return story + "...";
}

struct Case {
  std::string bytes;
  std::string outcome;
};

const std::vector<Case> cases{
    {record(6, "hello") + record(6, "") + end_request(), "hello|0,0+"},
    {record(6, "hel", 5) + record(6, "lo", 255) + end_request(0, 0, 8), "hello|0,0+"},
    {record(7, "no") + record(6, "x") + record(7, "") + end_request(255), "(n(o)x|255,0+"},
    {end_request(0, 2), "|0,2+"},
    {record(6, "hello"), "hello..."},
    {record(6, "x") + end_request(0, 0, 8).substr(0, 20), "x..."},
    {record(6, "x", 0, 1, 2), "bad_record"},
    {record(6, "x", 0, 2), "bad_record"},
    {record(6, "x", 0, 0), "bad_record"},
    {record(10, "x"), "bad_record"},  // GET_VALUES_RESULT, which nobody asked for
    {record(5, "x"), "bad_record"},   // STDIN is ours to say
    {record(6, "") + record(6, "x"), "bad_record"},
    {record(3, "1234567"), "bad_record"},
    {end_request(0, 4), "bad_record"},
    {"HTTP/1.1 200 OK\r\n\r\n", "bad_record"},
};

TEST(RecordReader, reads_what_the_table_says) {
  for (const Case& each : cases) EXPECT_EQ(read_in_pieces({each.bytes}), each.outcome);
}

TEST(RecordReader, result_does_not_depend_on_the_cut) {
  for (const Case& each : cases) {
    for (std::size_t cut = 0; cut <= each.bytes.size(); ++cut) {
      EXPECT_EQ(read_in_pieces({each.bytes.substr(0, cut), each.bytes.substr(cut)}), each.outcome) << cut;
    }
    std::vector<std::string> bytes;
    for (const char c : each.bytes) bytes.emplace_back(1, c);
    EXPECT_EQ(read_in_pieces(bytes), each.outcome);
  }
}

TEST(RequestWriter, composes_a_whole_request) {
  std::array<char, 256> memory{};
  RequestWriter out(memory);
  out.begin();
  out.variable("A", "b");
  out.variable("LONG", std::string(128, 'x'));
  out.end_variables();
  out.input("hi");
  out.input({});
  ASSERT_FALSE(out.overflowed());
  const std::string begin = record(1, std::string{0, 1, 1, 0, 0, 0, 0, 0});
  const std::string params = record(4, std::string("\1\1Ab\4\x80\0\0\x80LONG", 13) + std::string(128, 'x'));
  EXPECT_EQ(out.written(), begin + params + record(4, "") + record(5, "hi") + record(5, ""));
}

TEST(RequestWriter, a_variable_never_straddles_two_records) {
  std::vector<char> memory(160 * 1024);
  RequestWriter out(memory);
  for (int at = 0; at < 5; ++at) out.variable("N", std::string(30'000, 'v'));
  out.end_variables();
  ASSERT_FALSE(out.overflowed());
  std::string_view bytes = out.written();
  std::vector<std::size_t> contents;
  while (!bytes.empty()) {
    contents.push_back(static_cast<unsigned char>(bytes[4]) * 256U + static_cast<unsigned char>(bytes[5]));
    bytes.remove_prefix(8 + contents.back());
  }
  const std::size_t pair = 1 + 4 + 1 + 30'000;
  EXPECT_EQ(contents, (std::vector<std::size_t>{2 * pair, 2 * pair, pair, 0}));
}

TEST(RequestWriter, says_when_something_does_not_fit) {
  std::vector<char> memory(160 * 1024);
  RequestWriter too_long(memory);
  too_long.variable("N", std::string(65'530, 'v'));
  EXPECT_TRUE(too_long.overflowed());
  RequestWriter too_much(std::span<char>(memory).first(40));
  too_much.begin();
  too_much.variable("NAME", "twenty bytes of text");
  EXPECT_TRUE(too_much.overflowed());
}

}  // namespace
}  // namespace weir::fastcgi
