// Shows: who goes next, who makes room, and that nobody is lost. How: lines of made-up waiters, and random ones against
// a plain list.
#include "overload/line.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>
#include <vector>

#include "base/random.h"

namespace weir {
namespace {

class Waiter final : public Line::Waiter {
 public:
  Waiter(std::string name_in, Priority priority) : Line::Waiter(priority), name(std::move(name_in)) {}
  std::string name;
};

class LineTest : public testing::Test {
 protected:
  void join(std::string name, std::string_view route, Priority priority = Priority::normal) {
    Waiter& waiter = *waiters.emplace_back(std::make_unique<Waiter>(std::move(name), priority));
    now += std::chrono::milliseconds{1};
    line.join(waiter, route, now);
  }
  std::string served(bool newest_first = false) {
    std::string names;
    while (Line::Waiter* next = line.next(newest_first)) {
      line.serve(*next);
      names += static_cast<Waiter*>(next)->name;
    }
    return names;
  }
  static std::string name_of(Line::Waiter* waiter) {
    return waiter == nullptr ? "" : static_cast<Waiter*>(waiter)->name;
  }

  Line line;
  std::vector<std::unique_ptr<Waiter>> waiters;
  Time now{};
};

TEST_F(LineTest, routes_of_a_class_go_in_turns) {
  for (const char* name : {"a", "b", "c"}) join(name, "flood");
  join("x", "shop");
  join("y", "shop");
  EXPECT_EQ(served(), "axbyc");
}

TEST_F(LineTest, a_higher_class_goes_first_and_the_newest_when_asked) {
  join("a", "shop");
  join("b", "shop");
  join("l", "shop", Priority::low);
  join("k", "shop", Priority::low);
  join("H", "shop", Priority::high);
  EXPECT_EQ(line.rank(), index_of(Priority::high) + 1);
  EXPECT_EQ(served(true), "Habkl") << "only the lowest class goes newest first";
  EXPECT_EQ(line.rank(), 0);
}

TEST_F(LineTest, whoever_leaves_takes_no_turn_from_its_route) {
  join("a", "flood");
  join("b", "flood");
  join("x", "shop");
  line.leave(*waiters.front());
  EXPECT_FALSE(waiters.front()->waits());
  line.leave(*waiters.front());  // again: nothing happens
  EXPECT_EQ(name_of(line.oldest()), "b");
  EXPECT_EQ(served(), "bx");
}

TEST_F(LineTest, a_full_line_makes_room_for_a_higher_class_and_for_a_route_with_less) {
  join("a", "flood");
  join("b", "flood");
  join("x", "shop");
  join("l", "low", Priority::low);
  EXPECT_EQ(name_of(line.victim_for(Priority::high, "shop")), "l");
  EXPECT_EQ(name_of(line.victim_for(Priority::normal, "flood")), "l");
  line.leave(*waiters.back());
  EXPECT_EQ(name_of(line.victim_for(Priority::high, "any")), "a") << "the oldest of the route with most";
  EXPECT_EQ(name_of(line.victim_for(Priority::normal, "new")), "a");
  EXPECT_EQ(name_of(line.victim_for(Priority::normal, "shop")), "") << "it has as good as as much";
  EXPECT_EQ(name_of(line.victim_for(Priority::normal, "flood")), "");
  EXPECT_EQ(name_of(line.victim_for(Priority::low, "new")), "") << "nobody gives way to a lower class";
}

TEST_F(LineTest, property_each_waiter_is_served_once_by_class_and_no_route_twice_while_another_waits) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    Line drawn;
    std::deque<Waiter> all;
    std::set<Waiter*> inside;
    std::map<Waiter*, std::string> route_of;
    std::string last_route;
    for (unsigned step = 0; step < 200; ++step) {
      now += std::chrono::milliseconds{1};
      const auto kind = random.below(10);
      if (kind < 5) {
        Waiter& waiter = all.emplace_back("", static_cast<Priority>(random.below(priorities)));
        route_of[&waiter] = std::string(1, static_cast<char>('a' + random.below(4)));
        drawn.join(waiter, route_of[&waiter], now);
        inside.insert(&waiter);
      } else if (kind < 7 && !all.empty()) {
        Waiter& waiter = all[random.below(all.size())];
        drawn.leave(waiter);
        inside.erase(&waiter);
      } else if (auto* next = static_cast<Waiter*>(drawn.next(random.chance(0.5)))) {
        ASSERT_TRUE(inside.contains(next));
        for (const Waiter* other : inside) ASSERT_LE(index_of(other->priority()), index_of(next->priority()));
        drawn.serve(*next);
        inside.erase(next);
      }
      ASSERT_EQ(drawn.empty(), inside.empty());
      if (Line::Waiter* oldest = drawn.oldest()) {
        for (const Waiter* other : inside) ASSERT_LE(oldest->since(), other->since());
      }
    }
    // What is left goes by class, and within one no route is served twice before each other that waits was.
    Priority current = Priority::critical;
    std::map<std::string, unsigned> left;
    std::vector<std::string> round;
    while (auto* next = static_cast<Waiter*>(drawn.next(false))) {
      if (next->priority() != current) round.clear();
      current = next->priority();
      const std::string& route = route_of[next];
      std::set<std::string> waiting;
      for (Waiter* other : inside) {
        if (other->priority() == current) waiting.insert(route_of[other]);
      }
      round.push_back(route);
      drawn.serve(*next);
      inside.erase(next);
      while (round.size() > waiting.size()) round.erase(round.begin());
      ASSERT_EQ(std::set<std::string>(round.begin(), round.end()).size(), round.size()) << "seed " << seed;
    }
    ASSERT_TRUE(inside.empty()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir
