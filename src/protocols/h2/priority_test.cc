// The Priority field, and what is passed over in it.
#include "protocols/h2/priority.h"

#include <gtest/gtest.h>

namespace weir::h2 {
namespace {

TEST(Priority, reads_urgency_and_increments) {
  EXPECT_EQ(priority_of(""), (Priority{.urgency = 3, .incremental = false}));
  EXPECT_EQ(priority_of("u=0"), (Priority{.urgency = 0, .incremental = false}));
  EXPECT_EQ(priority_of("u=5, i"), (Priority{.urgency = 5, .incremental = true}));
  EXPECT_EQ(priority_of("i=?1;x=1, u=7"), (Priority{.urgency = 7, .incremental = true}));
  EXPECT_EQ(priority_of("i, i=?0"), Priority{});
}

TEST(Priority, what_is_not_understood_was_not_said) {
  for (const std::string_view odd : {"u=8", "u=-1", "u", "u=11", "i=1", "U=1", "x=?1", "u=a"}) {
    EXPECT_EQ(priority_of(odd), Priority{}) << odd;
  }
}

}  // namespace
}  // namespace weir::h2
