// Places: so many and no more, given back by whoever holds them last.
#include "base/at_most.h"

#include <gtest/gtest.h>

#include <optional>

namespace weir {
namespace {

TEST(AtMost, so_many_and_no_more) {
  AtMost looks(2);
  std::optional<AtMost::Place> first = looks.enter();
  AtMost::Place second = looks.enter();
  EXPECT_TRUE(*first && second);
  EXPECT_FALSE(looks.enter()) << "and who was turned away takes none";
  EXPECT_FALSE(looks.enter());
  first.reset();
  AtMost::Place third = looks.enter();
  EXPECT_TRUE(third);
  second = std::move(third);
  EXPECT_TRUE(looks.enter()) << "what is replaced is given back";
}

TEST(AtMost, a_place_outlives_who_gave_it) {
  AtMost::Place place;
  {
    AtMost looks(1);
    place = looks.enter();
  }
  EXPECT_TRUE(place);
}

}  // namespace
}  // namespace weir
