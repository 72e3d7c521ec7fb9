// What a peer may make us do for nothing, with made-up times.
#include "protocols/h2/flood_guard.h"

#include <gtest/gtest.h>

namespace weir::h2 {
namespace {

using namespace std::chrono_literals;

unsigned until_refused(FloodGuard& guard, Flood kind, Time now) {
  unsigned count = 0;
  while (count < 100'000 && guard.note(kind, now)) ++count;
  return count;
}

TEST(FloodGuard, frames_that_bring_nothing_are_counted_together_and_named) {
  const Time start{1s};
  FloodGuard guard(start);
  for (unsigned i = 0; i < limits::h2_idle_frames_at_once; ++i) {
    ASSERT_TRUE(guard.note(i % 2 == 0 ? Flood::pings : Flood::settings, start));
  }
  EXPECT_FALSE(guard.note(Flood::credit, start));
  EXPECT_EQ(name_of(guard.flood()), "window_update_flood");
}

TEST(FloodGuard, time_pays_for_a_few) {
  const Time start{1s};
  FloodGuard guard(start);
  until_refused(guard, Flood::pings, start);
  EXPECT_EQ(until_refused(guard, Flood::pings, start + 1s), limits::h2_idle_frames_per_second);
  EXPECT_EQ(until_refused(guard, Flood::pings, start + 1h), limits::h2_idle_frames_at_once);
}

TEST(FloodGuard, whoever_moves_content_may_announce_credit_for_it) {
  const Time start{1s};
  FloodGuard guard(start);
  for (int frame = 0; frame < 100'000; ++frame) {
    guard.note_useful();
    ASSERT_TRUE(guard.note(Flood::credit, start));
    ASSERT_TRUE(guard.note(Flood::credit, start));
  }
}

TEST(FloodGuard, requests_that_are_taken_back_have_their_own_purse) {
  const Time start{1s};
  FloodGuard guard(start);
  EXPECT_EQ(until_refused(guard, Flood::resets, start), limits::h2_resets_at_once);
  guard.note_useful();  // the request itself does not pay for its being taken back
  EXPECT_FALSE(guard.note(Flood::resets, start));
  EXPECT_TRUE(guard.note(Flood::pings, start));
}

}  // namespace
}  // namespace weir::h2
