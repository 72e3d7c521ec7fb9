// Which frames pass, which do not, and that it does not matter how their bytes were cut.
#include "filters/websocket/frame_judge.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::websocket {
namespace {

using namespace std::string_literals;

constexpr unsigned fin = 0x80;
constexpr unsigned deflated = 0x40;

/// A frame as a server sends it, or, with a mask, as a client does.
std::string frame(unsigned first, const std::string& content, const std::string& mask = {}) {
  std::string bytes{static_cast<char>(first)};
  const unsigned marked = mask.empty() ? 0U : 0x80U;
  const std::size_t size = content.size();
  if (size < 126) {
    bytes += static_cast<char>(marked | size);
  } else if (size < 65'536) {
    bytes += static_cast<char>(marked | 126U);
    for (const unsigned shift : {8U, 0U}) bytes += static_cast<char>(size >> shift);
  } else {
    bytes += static_cast<char>(marked | 127U);
    for (const unsigned shift : {56U, 48U, 40U, 32U, 24U, 16U, 8U, 0U}) bytes += static_cast<char>(size >> shift);
  }
  bytes += mask;
  for (std::size_t at = 0; at < size; ++at) {
    bytes += mask.empty() ? content[at] : static_cast<char>(content[at] ^ mask[at % 4]);
  }
  return bytes;
}

struct Outcome {
  std::string passed;
  std::optional<Violation> violation;
  bool between_frames = false;
  bool closed = false;
  unsigned messages = 0;
};

Outcome judge(const FrameRules& rules, std::string_view bytes, std::size_t piece_bytes,
              unsigned messages_max = FrameJudge::any_number) {
  FrameJudge judge(rules);
  Outcome outcome;
  for (std::size_t at = 0; at < bytes.size() && !outcome.violation; at += piece_bytes) {
    std::string_view piece = bytes.substr(at, piece_bytes);
    while (!piece.empty() && !outcome.violation) {
      const Judged judged = judge.next(piece, messages_max - outcome.messages);
      outcome.passed += judged.passed;
      outcome.violation = judged.violation;
      outcome.messages += judged.messages;
      piece.remove_prefix(judged.taken);
    }
  }
  outcome.between_frames = judge.between_frames();
  outcome.closed = judge.closed();
  return outcome;
}

/// Cut in every way that matters, with the same verdict; what it says is that of the whole.
Outcome judge_in_pieces(const FrameRules& rules, std::string_view bytes) {
  const Outcome whole = judge(rules, bytes, bytes.size());
  for (const std::size_t piece_bytes : {1U, 2U, 3U, 5U, 64U, 130U}) {
    const Outcome cut = judge(rules, bytes, piece_bytes);
    EXPECT_EQ(cut.violation.has_value(), whole.violation.has_value()) << piece_bytes;
    if (cut.violation && whole.violation) {
      EXPECT_EQ(cut.violation->close_code, whole.violation->close_code) << piece_bytes;
      EXPECT_STREQ(cut.violation->text, whole.violation->text) << piece_bytes;
    } else {
      EXPECT_EQ(cut.passed, whole.passed) << piece_bytes;
    }
    EXPECT_TRUE(bytes.starts_with(cut.passed)) << piece_bytes;
    EXPECT_EQ(cut.messages, whole.messages) << piece_bytes;
  }
  EXPECT_TRUE(bytes.starts_with(whole.passed));
  return whole;
}

constexpr FrameRules of_server{};
constexpr FrameRules of_client{.masked = true};
const std::string mask = "\x37\xfa\x21\x3d";

void expect_passes(const std::string& bytes, const FrameRules& rules = of_server) {
  const Outcome outcome = judge_in_pieces(rules, bytes);
  EXPECT_FALSE(outcome.violation) << outcome.violation->text;
  EXPECT_EQ(outcome.passed, bytes);
  EXPECT_TRUE(outcome.between_frames);
}

/// What stands before the frame that breaks a rule passes.
void expect_refused(const std::string& good, const std::string& bad, unsigned close_code,
                    const FrameRules& rules = of_server) {
  const Outcome outcome = judge_in_pieces(rules, good + bad);
  ASSERT_TRUE(outcome.violation) << testing::PrintToString(bad);
  EXPECT_EQ(outcome.violation->close_code, close_code) << outcome.violation->text;
  EXPECT_EQ(outcome.passed, good) << outcome.violation->text;
  EXPECT_TRUE(outcome.between_frames) << "a close frame can follow";
}

TEST(FrameJudge, messages_of_every_size_pass) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 65'535U, 65'536U, 200'000U}) {
    const std::string content(size, 'x');
    expect_passes(frame(fin | 1U, content));
    expect_passes(frame(fin | 2U, content, mask), of_client);
  }
}

TEST(FrameJudge, fragments_pass_with_control_frames_between_them) {
  expect_passes(frame(1, "one ") + frame(fin | 9U, "ping") + frame(0, "") + frame(fin | 10U, "") + frame(fin, "two") +
                frame(fin | 2U, "next"));
}

TEST(FrameJudge, frames_are_masked_by_clients_and_only_by_them) {
  expect_refused(frame(fin | 1U, "good", mask), frame(fin | 1U, "bad"), 1002, of_client);
  expect_refused(frame(fin | 1U, "good"), frame(fin | 1U, "bad", mask), 1002);
}

TEST(FrameJudge, reserved_bits_and_opcodes_are_refused) {
  for (const unsigned bit : {0x40U, 0x20U, 0x10U})
    expect_refused(frame(fin | 2U, "good"), frame(fin | bit | 1U, ""), 1002);
  for (const unsigned opcode : {3U, 4U, 7U, 11U, 15U}) expect_refused({}, frame(fin | opcode, "x"), 1002);
}

TEST(FrameJudge, first_bit_is_free_at_the_beginning_of_messages_where_compression_was_agreed_on) {
  const FrameRules compressed{.compressed = true};
  expect_passes(frame(deflated | 1U, "\xff\xfe") + frame(fin, "\xff") + frame(fin | 1U, "text"), compressed);
  expect_refused(frame(1, "one"), frame(fin | deflated, "two"), 1002, compressed);
  expect_refused({}, frame(fin | deflated | 9U, ""), 1002, compressed);
  expect_refused({}, frame(fin | 0x20U | 1U, ""), 1002, compressed);
}

TEST(FrameJudge, control_frames_are_short_and_whole) {
  expect_passes(frame(fin | 9U, std::string(125, 'p')));
  expect_refused({}, frame(fin | 9U, std::string(126, 'p')), 1002);
  expect_refused({}, frame(9, "part"), 1002);
}

TEST(FrameJudge, fragments_have_an_order) {
  expect_refused({}, frame(fin, "continuation of nothing"), 1002);
  expect_refused(frame(1, "one"), frame(fin | 1U, "two"), 1002);
  expect_refused(frame(fin | 1U, "whole"), frame(0, "more"), 1002);
}

TEST(FrameJudge, lengths_are_written_in_the_shortest_way) {
  expect_refused({}, "\x82\x7e\x00\x7d"s + std::string(125, 'x'), 1002);
  expect_refused({}, "\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff"s, 1002);
  expect_refused({}, "\x82\x7f\x80\x00\x00\x00\x00\x01\x00\x00"s, 1002);
}

TEST(FrameJudge, texts_are_utf8_over_all_fragments) {
  const std::string text = "h\xc3\xa9llo \xe2\x82\xac \xf0\x9f\x98\x80";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    expect_passes(frame(1, text.substr(0, cut)) + frame(fin, text.substr(cut)));
    expect_passes(frame(1, text.substr(0, cut), mask) + frame(fin, text.substr(cut), mask), of_client);
  }
  for (const std::string& bad : {"\xc0\x80"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s, "\x80"s, "\xe2\x82"s, "\xff"s,
                                 "\xf0\x8f\xbf\xbf"s, "\xe0\x9f\xbf"s, "\xc3\x28"s, "\xf5\x80\x80\x80"s}) {
    const Outcome outcome = judge_in_pieces(of_server, frame(fin | 1U, "long enough for words " + bad));
    ASSERT_TRUE(outcome.violation) << testing::PrintToString(bad);
    EXPECT_EQ(outcome.violation->close_code, 1007);
    EXPECT_EQ(outcome.passed, "") << "of a frame that came whole nothing leaves";
    EXPECT_TRUE(outcome.between_frames);
    expect_passes(frame(fin | 2U, bad));
  }
}

TEST(FrameJudge, bad_text_is_found_before_its_message_has_come) {
  const std::string begun = frame(1, "good", mask) + frame(fin, std::string("\xc3\x28") + std::string(500, 'x'), mask);
  const Outcome outcome = judge(of_client, begun.substr(0, begun.size() - 490), 1);
  ASSERT_TRUE(outcome.violation);
  EXPECT_EQ(outcome.violation->code, Code::bad_websocket_text);
  EXPECT_FALSE(outcome.between_frames) << "a part of the frame has left";
}

TEST(FrameJudge, close_codes_are_those_that_may_be_sent) {
  const auto closing = [](unsigned code, const std::string& reason) {
    return frame(fin | 8U, std::string{static_cast<char>(code >> 8U), static_cast<char>(code)} + reason);
  };
  for (const unsigned code : {1000U, 1001U, 1003U, 1007U, 1011U, 1014U, 3000U, 4999U})
    expect_passes(closing(code, "why"));
  for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2999U, 5000U, 65'535U}) {
    expect_refused({}, closing(code, ""), 1002);
  }
  expect_passes(frame(fin | 8U, ""));
  expect_refused({}, frame(fin | 8U, "x"), 1002);
  expect_refused({}, closing(1000, "\xff"), 1007);
  expect_passes(frame(fin | 8U,
                      "\x03\xe8"
                      "bye",
                      mask),
                of_client);
}

TEST(FrameJudge, nothing_passes_behind_a_close_frame) {
  const std::string close = frame(fin | 8U, "\x03\xe8");
  const Outcome outcome = judge_in_pieces(of_server, close + frame(fin | 1U, "late") + "\xff\xff");
  EXPECT_FALSE(outcome.violation);
  EXPECT_EQ(outcome.passed, close);
  EXPECT_TRUE(outcome.closed);
}

TEST(FrameJudge, messages_are_measured_over_their_fragments) {
  const FrameRules ten{.message_bytes_max = 10};
  expect_passes(frame(2, "12345") + frame(fin | 9U, "not counted in") + frame(fin, "67890") + frame(fin | 2U, "again"),
                ten);
  expect_refused(frame(2, "12345"), frame(fin, "678901"), 1009, ten);
  expect_refused(frame(2, "1234") + frame(0, "5678"), frame(fin, "901"), 1009, ten);
  expect_refused({}, frame(fin | 2U, std::string(11, 'x')), 1009, ten);
  expect_refused({}, "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"s, 1009, ten);  // its head is enough
}

TEST(FrameJudge, messages_pings_and_empty_fragments_count) {
  const std::string three = frame(1, "a") + frame(0, "b") + frame(fin | 9U, "") + frame(0, "") + frame(fin, "c");
  EXPECT_EQ(judge_in_pieces(of_server, three).messages, 3U);
  const Outcome enough = judge(of_server, three, three.size(), 3);
  EXPECT_FALSE(enough.violation);
  const Outcome more = judge(of_server, three + frame(fin | 1U, "one more"), 1000, 3);
  ASSERT_TRUE(more.violation);
  EXPECT_EQ(more.violation->close_code, 1008);
  EXPECT_EQ(more.passed, three);
}

}  // namespace
}  // namespace weir::websocket
