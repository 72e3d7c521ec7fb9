// Lists whose links live in their members: order, leaving in any way, and moving between lists.
#include "base/intrusive_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <memory>
#include <vector>

#include "base/random.h"

namespace weir {
namespace {

struct Member : ListLink {
  explicit Member(int given) : number(given) {}
  int number;
};

std::vector<int> numbers_of(const IntrusiveList<Member>& list) {
  std::vector<int> numbers;
  list.for_each([&](Member& member) { numbers.push_back(member.number); });
  return numbers;
}

TEST(IntrusiveList, keeps_order_of_both_ends) {
  IntrusiveList<Member> list;
  Member one(1), two(2), three(3);
  list.push_back(two);
  list.push_back(three);
  list.push_front(one);
  EXPECT_EQ(numbers_of(list), (std::vector{1, 2, 3}));
  EXPECT_EQ(list.front(), &one);
  EXPECT_EQ(list.back(), &three);
}

TEST(IntrusiveList, loses_a_member_that_is_destroyed) {
  IntrusiveList<Member> list;
  Member one(1), three(3);
  list.push_back(one);
  {
    Member two(2);
    list.push_back(two);
    list.push_back(three);
  }
  EXPECT_EQ(numbers_of(list), (std::vector{1, 3}));
}

TEST(IntrusiveList, member_knows_whether_it_is_in_a_list) {
  IntrusiveList<Member> list;
  Member one(1);
  EXPECT_FALSE(one.linked());
  list.push_back(one);
  EXPECT_TRUE(one.linked());
  one.unlink();
  one.unlink();  // harmless
  EXPECT_FALSE(one.linked());
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.pop_front(), nullptr);
}

TEST(IntrusiveList, visited_member_may_leave) {
  IntrusiveList<Member> list;
  Member one(1), two(2), three(3);
  for (Member* member : {&one, &two, &three}) list.push_back(*member);
  list.for_each([](Member& member) {
    if (member.number == 2) member.unlink();
  });
  EXPECT_EQ(numbers_of(list), (std::vector{1, 3}));
}

TEST(IntrusiveList, survives_its_members_and_they_survive_it) {
  Member one(1), two(2);
  {
    IntrusiveList<Member> list;
    list.push_back(one);
    list.push_back(two);
  }
  one.unlink();
  EXPECT_FALSE(two.linked());
}

TEST(IntrusiveListDeathTest, refuses_a_member_of_another_list) {
  IntrusiveList<Member> here, there;
  Member one(1);
  here.push_back(one);
  EXPECT_DEATH(there.push_back(one), "one list only");
}

// Random pushes, pops, leaves and splices against std::list.
TEST(IntrusiveList, behaves_like_a_list) {
  Random random(3);
  std::vector<std::unique_ptr<Member>> members;
  for (int number = 0; number < 20; ++number) members.push_back(std::make_unique<Member>(number));
  IntrusiveList<Member> lists[2];
  std::list<int> models[2];
  for (int step = 0; step < 20'000; ++step) {
    Member& member = *members[random.below(members.size())];
    const std::size_t which = random.below(2);
    const std::uint64_t action = random.below(20);
    if (action == 0) {
      lists[which].splice_back(lists[1 - which]);
      models[which].splice(models[which].end(), models[1 - which]);
    } else if (action < 4) {
      const Member* first = lists[which].pop_front();
      ASSERT_EQ(first == nullptr, models[which].empty());
      if (first != nullptr) {
        ASSERT_EQ(first->number, models[which].front());
        models[which].pop_front();
      }
    } else if (member.linked()) {
      member.unlink();
      for (auto& model : models) model.remove(member.number);
    } else if (action % 2 == 0) {
      lists[which].push_back(member);
      models[which].push_back(member.number);
    } else {
      lists[which].push_front(member);
      models[which].push_front(member.number);
    }
    for (int at = 0; at < 2; ++at) {
      ASSERT_TRUE(std::ranges::equal(numbers_of(lists[at]), models[at])) << "step " << step;
    }
  }
}

}  // namespace
}  // namespace weir
