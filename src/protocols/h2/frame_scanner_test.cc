// Frames are seen as they are, wherever arrivals cut them.
#include "protocols/h2/frame_scanner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::h2 {
namespace {

struct Seen {
  std::vector<FrameHeader> frames;
  std::string passed_on;
};

Seen scan(std::string_view bytes, std::size_t cut) {
  FrameScanner scanner(3);
  Seen seen;
  while (!bytes.empty()) {
    std::string_view arrival = bytes.substr(0, cut);
    bytes.remove_prefix(arrival.size());
    while (!arrival.empty()) {
      const FrameScanner::Step step = scanner.next(arrival);
      if (step.began) {
        seen.frames.push_back(scanner.frame());
        seen.passed_on += scanner.head();
      }
      if (step.payload) seen.passed_on += arrival.substr(0, step.bytes);
      arrival.remove_prefix(step.bytes);
    }
  }
  return seen;
}

TEST(FrameScanner, sees_the_same_frames_however_they_are_cut) {
  const std::string bytes(
      "PRI"
      "\0\0\5\0\1\0\0\0\3hello"       // DATA
      "\0\0\5\2\0\0\0\0\7\0\0\0\7\1"  // PRIORITY of 7 on 7
      "\0\0\0\4\1\0\0\0\0"            // SETTINGS
      "\0\0\2\2\0\0\0\0\5ab"          // a PRIORITY that is too short
      "\0\1\0\xFF\0\x80\0\0\1",       // something unknown, its payload not here
      3 + 14 + 14 + 9 + 11 + 9);
  for (std::size_t cut = 1; cut <= bytes.size(); ++cut) {
    const Seen seen = scan(bytes, cut);
    EXPECT_EQ(seen.passed_on, bytes) << cut;
    ASSERT_EQ(seen.frames.size(), 5U) << cut;
    EXPECT_EQ(seen.frames[0].type, FrameType::data);
    EXPECT_EQ(seen.frames[0].stream, 3);
    EXPECT_EQ(seen.frames[0].flags, end_stream_flag);
    EXPECT_EQ(seen.frames[1].depends_on, 7);
    EXPECT_EQ(seen.frames[2].flags, ack_flag);
    EXPECT_EQ(seen.frames[3].depends_on, 0);
    EXPECT_EQ(seen.frames[4].bytes, 256U);
    EXPECT_EQ(seen.frames[4].stream, 1);  // the reserved bit says nothing
  }
}

}  // namespace
}  // namespace weir::h2
