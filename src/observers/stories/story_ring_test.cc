// The oldest stories make room, memory does not grow, and a walk survives being overtaken.
#include "observers/stories/story_ring.h"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>

#include "base/random.h"

namespace weir {
namespace {

void add(StoryRing& ring, std::uint64_t number, std::size_t bytes) {
  char* const room = ring.begin();
  std::memset(room, static_cast<int>(number), bytes);
  std::memcpy(room + 8, &number, sizeof(number));
  ring.end(bytes);
}

std::uint64_t number_of(std::string_view story) {
  std::uint64_t number = 0;
  std::memcpy(&number, story.data() + 8, sizeof(number));
  return number;
}

TEST(StoryRing, keeps_the_latest_in_their_order_whatever_their_sizes) {
  StoryRing ring(64 * 1024);
  Random random(1);
  std::deque<std::size_t> sizes;
  for (std::uint64_t number = 0; number < 20'000; ++number) {
    const std::size_t bytes = 16 + 8 * random.below((story_bytes_max - 16) / 8 + 1);
    add(ring, number, bytes);
    sizes.push_back(bytes);
    while (sizes.size() > ring.stories()) sizes.pop_front();
    if (number % 97 != 0) continue;
    std::uint64_t place = ring.oldest();
    std::uint64_t expected = number + 1 - sizes.size();
    std::size_t total = 0;
    for (const std::size_t size : sizes) {
      const std::string_view story = ring.next(place);
      ASSERT_EQ(story.size(), size);
      ASSERT_EQ(number_of(story), expected++);
      total += size;
    }
    EXPECT_TRUE(ring.next(place).empty());
    EXPECT_LE(total, ring.capacity());
    if (number > 100) EXPECT_GT(total, ring.capacity() - 3 * story_bytes_max) << "room is used";
  }
}

TEST(StoryRing, walk_that_is_overtaken_goes_on_with_what_is_left) {
  StoryRing ring(16 * 1024);
  std::uint64_t number = 0;
  while (number < 10) add(ring, number++, 64);
  std::uint64_t place = ring.oldest();
  EXPECT_EQ(number_of(ring.next(place)), 0);
  while (number < 1000) add(ring, number++, 64);
  const std::uint64_t first_left = number_of(ring.next(place));
  EXPECT_GT(first_left, 700);
  EXPECT_EQ(number_of(ring.next(place)), first_left + 1);
}

TEST(StoryRing, empty_one_has_nothing) {
  const StoryRing ring(16 * 1024);
  std::uint64_t place = ring.oldest();
  EXPECT_TRUE(ring.next(place).empty());
}

}  // namespace
}  // namespace weir
