// What a line buffer writes, against the slow way of writing the same.
#include "observers/access_log/line_buffer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

template <typename Append>
std::string written(Append append) {
  std::string out;
  LineBuffer line(out);
  append(line);
  line.flush();
  return out;
}

TEST(LineBuffer, seconds_have_six_digits_and_never_go_backwards) {
  const auto seconds = [](Duration duration) {
    return written([&](LineBuffer& line) { line.append_seconds(duration); });
  };
  EXPECT_EQ(seconds(0ns), "0.000000");
  EXPECT_EQ(seconds(-5s), "0.000000");
  EXPECT_EQ(seconds(999ns), "0.000000");
  EXPECT_EQ(seconds(1250us), "0.001250");
  EXPECT_EQ(seconds(1s), "1.000000");
  EXPECT_EQ(seconds(86'400s + 7us), "86400.000007");
}

TEST(LineBuffer, every_byte_is_escaped_as_the_slow_way_does_it_wherever_it_stands) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t length = 1; length < 40; ++length) {
      for (std::size_t at = 0; at < length; at += 1 + at / 4) {
        std::string text(length, 'a');
        text[at] = static_cast<char>(byte);
        std::string expected;
        text::append_json_string(expected, text);
        ASSERT_EQ(written([&](LineBuffer& line) { line.append_json_string(text); }), expected) << byte << " at " << at;
      }
    }
  }
}

TEST(LineBuffer, what_stands_before_a_text_has_no_say_in_how_it_is_written) {
  EXPECT_EQ(written([](LineBuffer& line) {
              line.append("\"\\\n\"\\\n\"\\\n\"\\\n\"\\\n\"");
              line.append_json_string("a");
              line.append_json_string("");
            }),
            "\"\\\n\"\\\n\"\\\n\"\\\n\"\\\n\"\"a\"\"\"");
}

RC_GTEST_PROP(LineBuffer, pieces_of_any_size_come_out_in_their_order,
              (std::vector<std::pair<std::uint16_t, bool>> sizes)) {
  std::string expected;
  const std::string out = written([&](LineBuffer& line) {
    char letter = 'a';
    for (const auto& [size, quoted] : sizes) {
      const std::string piece(size % 5000, letter);
      if (quoted) {
        text::append_json_string(expected, piece);
        line.append_json_string(piece);
      } else {
        expected += piece;
        line.append(piece);
      }
      expected += ',';
      line.append(',');
      letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1);
    }
  });
  RC_ASSERT(out == expected);
}

}  // namespace
}  // namespace weir
