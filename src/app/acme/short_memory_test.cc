// Names are forgotten when their time is over, and the oldest when there are too many.
#include "app/acme/short_memory.h"

#include <gtest/gtest.h>

namespace weir::acme {
namespace {

using namespace std::chrono_literals;

TEST(AcmeShortMemory, holds_for_a_while) {
  ShortMemory memory(10s, 3);
  EXPECT_FALSE(memory.has("a", Time{}));
  memory.add("a", Time{});
  EXPECT_TRUE(memory.has("a", Time{9s}));
  EXPECT_FALSE(memory.has("a", Time{10s}));
  memory.add("a", Time{5s});
  EXPECT_TRUE(memory.has("a", Time{14s})) << "from the last time on";
  memory.add("b", Time{12s});
  EXPECT_TRUE(memory.has("a", Time{14s})) << "of which the first time takes nothing when it is over";
}

TEST(AcmeShortMemory, the_oldest_goes_when_there_are_too_many) {
  ShortMemory memory(10s, 3);
  for (const char* name : {"a", "b", "c", "d"}) memory.add(name, Time{1s});
  EXPECT_FALSE(memory.has("a", Time{2s}));
  for (const char* name : {"b", "c", "d"}) EXPECT_TRUE(memory.has(name, Time{2s})) << name;
}

}  // namespace
}  // namespace weir::acme
