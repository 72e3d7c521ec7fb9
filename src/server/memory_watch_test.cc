// The memory watch reads seldom and judges by what it read last.
#include "server/memory_watch.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

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
  // Pages of its own: the heap may have as many left over from other tests.
  constexpr std::size_t ballast_bytes = 64 * mebibyte;
  void* const ballast =
      ::mmap(nullptr, ballast_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  ASSERT_NE(ballast, MAP_FAILED);
  EXPECT_FALSE(watch.exceeds(before + 16 * mebibyte, start + MemoryWatch::reading_interval / 2));
  EXPECT_TRUE(watch.exceeds(before + 16 * mebibyte, start + MemoryWatch::reading_interval));
  ::munmap(ballast, ballast_bytes);
}

}  // namespace
}  // namespace weir
