// Shows how a fleet is divided: nobody serves more than a few, everybody agrees, and every group has its collectors.
#include "filters/limit/fleet/tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace weir::limit::fleet {
namespace {

Election election_of(unsigned members) {
  std::vector<std::string> names;
  for (unsigned number = 0; number < members; ++number) names.push_back("node-" + std::to_string(1000 + number));
  return Election(names);
}

TEST(Tree, small_fleets_have_no_groups) {
  for (const unsigned members : {2U, 4U, 33U}) {
    const Election election = election_of(members);
    for (MemberNumber member = 0; member < members; ++member)
      EXPECT_TRUE(seats_of(election, 0, member).collectors.empty()) << members;
  }
  EXPECT_FALSE(seats_of(election_of(34), 0, 0).collectors.empty());
}

// Groups are told apart by their first collector. An aggregator hears one collector of each.
TEST(Tree, nobody_serves_more_than_the_fan_in) {
  for (const unsigned members : {34U, 64U, 256U, 1000U, 1024U}) {
    const Election election = election_of(members);
    for (std::uint64_t slot = 0; slot < 3; ++slot) {
      std::map<MemberNumber, std::size_t> groups;
      const std::vector<MemberNumber> aggregators = seats_of(election, slot, 0).aggregators;
      for (unsigned member = 0; member < members; ++member) {
        const Seats seats = seats_of(election, slot, static_cast<MemberNumber>(member));
        EXPECT_EQ(seats.aggregators, aggregators) << "everybody agrees";
        ASSERT_FALSE(seats.collectors.empty());
        ++groups[seats.collectors.front()];
      }
      EXPECT_LE(groups.size(), fan_in_max) << members;
      for (const auto& [collector, count] : groups) {
        EXPECT_LE(count, group_members_max(members)) << members;
        EXPECT_LE(count, fan_in_max) << members;
        EXPECT_TRUE(seats_of(election, slot, collector).collectors.front() == collector)
            << "a collector is of its own group";
        EXPECT_EQ(std::ranges::count(aggregators, collector), 0) << "nor is it the aggregator, too";
      }
    }
  }
}

TEST(Tree, many_groups_pass_on_less_often) {
  EXPECT_EQ(breath_of(40), std::chrono::milliseconds{5});
  EXPECT_EQ(breath_of(256), std::chrono::milliseconds{5});
  EXPECT_EQ(breath_of(1024), std::chrono::milliseconds{10});
}

}  // namespace
}  // namespace weir::limit::fleet
