// Which numbers of streams a peer may still use.
#include "protocols/h2/stream_numbers.h"

#include <gtest/gtest.h>

namespace weir::h2 {
namespace {

using Standing = StreamNumbers::Standing;

TEST(StreamNumbers, a_number_that_was_passed_over_can_never_be) {
  StreamNumbers numbers;
  numbers.open(1);
  numbers.open(3);
  numbers.open(9);
  EXPECT_EQ(numbers.standing(5), Standing::passed_over);
  EXPECT_EQ(numbers.standing(7), Standing::passed_over);
  EXPECT_EQ(numbers.standing(3), Standing::known);
  EXPECT_EQ(numbers.standing(11), Standing::fresh);
  StreamNumbers late;
  late.open(5);
  EXPECT_EQ(late.standing(1), Standing::passed_over);
}

TEST(StreamNumbers, what_the_peer_has_ended_is_over_as_long_as_it_is_remembered) {
  StreamNumbers numbers;
  for (int number = 1; number < 101; number += 2) {
    numbers.open(number);
    numbers.end(number);
  }
  EXPECT_EQ(numbers.standing(99), Standing::ended);
  EXPECT_EQ(numbers.standing(1), Standing::known);
}

}  // namespace
}  // namespace weir::h2
