// Shows that members agree on who does what, evenly, and that one which goes moves only its own.
#include "filters/limit/fleet/election.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace weir::limit::fleet {
namespace {

std::vector<std::string> names(unsigned count) {
  std::vector<std::string> names;
  for (unsigned number = 0; number < count; ++number) names.push_back("node-" + std::to_string(10 + number));
  return names;
}

TEST(Election, gives_each_member_its_part) {
  const Election election(names(8));
  std::map<MemberNumber, int> subjects;
  for (std::uint64_t subject = 0; subject < 80'000; ++subject) ++subjects[election.first(subject)];
  for (const auto& [member, count] : subjects) EXPECT_NEAR(count, 10'000, 500) << member;
}

TEST(Election, order_begins_with_the_first_and_names_nobody_twice) {
  const Election election(names(20));
  for (std::uint64_t subject = 0; subject < 100; ++subject) {
    std::vector<MemberNumber> order = election.order(subject, 5);
    ASSERT_EQ(order.size(), 5U);
    EXPECT_EQ(order.front(), election.first(subject));
    EXPECT_EQ(election.heaviest(subject, 5), order);
    std::ranges::sort(order);
    EXPECT_TRUE(std::ranges::adjacent_find(order) == order.end());
  }
  EXPECT_EQ(Election(names(2)).order(1, 5).size(), 2U);
  EXPECT_EQ(Election(names(2)).heaviest(1, 5).size(), 2U);
}

TEST(Election, moves_only_what_the_one_that_went_did) {
  const std::vector<std::string> all = names(9);
  const Election before(all);
  const Election after(std::span(all).first(8));
  for (std::uint64_t subject = 0; subject < 5000; ++subject) {
    if (before.first(subject) != 8) EXPECT_EQ(before.first(subject), after.first(subject));
  }
}

}  // namespace
}  // namespace weir::limit::fleet
