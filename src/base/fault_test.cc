// Fault points: off by default, one at a time, found by name.
#include "base/fault.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Fault, is_off_until_planted_and_after) {
  EXPECT_FALSE(fault(Fault::lost_wakeup));
  {
    const PlantedFault planted(Fault::lost_wakeup);
    EXPECT_TRUE(fault(Fault::lost_wakeup));
    EXPECT_FALSE(fault(Fault::double_release));
  }
  EXPECT_FALSE(fault(Fault::lost_wakeup));
}

TEST(Fault, names_lead_back_to_their_faults) {
  for (std::size_t number = 0; number <= fault_count; ++number) {
    const auto point = static_cast<Fault>(number);
    EXPECT_EQ(fault_named(name_of(point)), point);
    EXPECT_FALSE(sentence_of(point).empty());
  }
  EXPECT_FALSE(fault_named("no_such_fault").has_value());
}

}  // namespace
}  // namespace weir
