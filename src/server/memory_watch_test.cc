// The memory watch reads seldom and judges by what it read last.
#include "server/memory_watch.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

TEST(MemoryWatch, no_bound_is_never_exceeded) {
  MemoryWatch watch;
  EXPECT_FALSE(watch.exceeds(unbounded, Time{std::chrono::seconds{1}}));
}

TEST(MemoryWatch, judges_by_resident_bytes) {
  ASSERT_GT(MemoryWatch::resident_bytes(), mebibyte) << "a test program is larger than that";
  MemoryWatch watch;
  EXPECT_TRUE(watch.exceeds(mebibyte, Time{std::chrono::seconds{1}}));
  EXPECT_FALSE(watch.exceeds(1024 * 1024 * mebibyte, Time{std::chrono::seconds{1}}));
}

TEST(MemoryWatch, a_figure_is_good_for_its_interval) {
  MemoryWatch watch;
  const Time start{std::chrono::seconds{1}};
  const ByteCount before = MemoryWatch::resident_bytes();
  EXPECT_FALSE(watch.exceeds(before + 16 * mebibyte, start));
  std::string ballast(64 * mebibyte, 'x');
  EXPECT_FALSE(watch.exceeds(before + 16 * mebibyte, start + MemoryWatch::reading_interval / 2));
  EXPECT_TRUE(watch.exceeds(before + 16 * mebibyte, start + MemoryWatch::reading_interval)) << ballast.size();
}

}  // namespace
}  // namespace weir
