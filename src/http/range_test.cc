// Which bytes are sent for which Range, of a representation of 100 bytes unless another length is given.
#include "http/range.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

/// `partial 0-1 5-9`, `whole malformed`, `unsatisfiable`.
std::string decided(std::string_view value, ByteCount length = 100) {
  const RangeDecision decision = decide_ranges(value, length);
  std::string text = decision.kind == RangeDecision::Kind::whole     ? "whole"
                     : decision.kind == RangeDecision::Kind::partial ? "partial"
                                                                     : "unsatisfiable";
  if (!decision.reason.empty()) text += ' ' + std::string(decision.reason);
  for (const ByteRange& range : decision.ranges()) {
    if (decision.kind != RangeDecision::Kind::partial) break;
    text += ' ' + std::to_string(range.first) + '-' + std::to_string(range.last);
  }
  return text;
}

TEST(Range, one_range_in_its_three_forms) {
  EXPECT_EQ(decided("bytes=0-0"), "partial 0-0");
  EXPECT_EQ(decided("bytes=10-19"), "partial 10-19");
  EXPECT_EQ(decided("bytes=90-"), "partial 90-99");
  EXPECT_EQ(decided("bytes=-10"), "partial 90-99");
}

TEST(Range, ends_are_cut_to_the_length) {
  EXPECT_EQ(decided("bytes=50-1000"), "partial 50-99");
  EXPECT_EQ(decided("bytes=-1000"), "partial 0-99");
  EXPECT_EQ(decided("bytes=0-99999999999999999999999"), "partial 0-99");
  EXPECT_EQ(decided("bytes=-99999999999999999999999"), "partial 0-99");
}

TEST(Range, beyond_the_end_is_unsatisfiable) {
  EXPECT_EQ(decided("bytes=100-"), "unsatisfiable");
  EXPECT_EQ(decided("bytes=99999999999999999999999-"), "unsatisfiable");
  EXPECT_EQ(decided("bytes=-0"), "unsatisfiable");
  EXPECT_EQ(decided("bytes=0-", 0), "unsatisfiable");
  EXPECT_EQ(decided("bytes=-1", 0), "unsatisfiable");
}

TEST(Range, several_keep_their_order_and_lose_what_lies_outside) {
  EXPECT_EQ(decided("bytes=50-59, 0-9 ,-1"), "partial 50-59 0-9 99-99");
  EXPECT_EQ(decided("bytes=0-9,100-200"), "partial 0-9");
  EXPECT_EQ(decided("bytes=,,0-9,,"), "partial 0-9");
}

TEST(Range, malformed_is_as_good_as_absent) {
  for (const char* const value :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-9,5-4", "bytes=1-2-3", "bytes= 1 - 2",
        "bytes=0x1-2", "bytes=+1-2", "bytes=1", "bytes=0-9;10-19", "bytes=\"0-9\""}) {
    EXPECT_EQ(decided(value), "whole malformed") << value;
  }
  EXPECT_EQ(decided("items=0-9"), "whole unknown_unit");
  EXPECT_EQ(decided("BYTES=0-9"), "partial 0-9") << "range units have no case (section 14.1)";
}

TEST(Range, cannot_be_used_to_make_an_answer_grow) {
  EXPECT_EQ(decided("bytes=0-,0-"), "whole more_than_all");
  EXPECT_EQ(decided("bytes=0-50,50-99"), "whole more_than_all");
  EXPECT_EQ(decided("bytes=0-49,50-99"), "partial 0-49 50-99");
  std::string many = "bytes=0-0";
  for (std::size_t count = 1; count < limits::ranges; ++count) many += ",0-0";
  EXPECT_TRUE(decided(many).starts_with("partial"));
  EXPECT_EQ(decided(many + ",0-0"), "whole too_many");
}

}  // namespace
}  // namespace weir
