// The wheel against the simplest thing that could be right: a sorted map of deadlines.
#include "runtime/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/random.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr Duration tick = 1ms;

struct TestTimer final : Timer {
  void fire(Time now) override {
    ++fired;
    fired_at = now;
    if (then) then();
  }
  int fired = 0;
  Time fired_at{};
  std::function<void()> then;
};

Time up_to_tick(Time time) {
  const Duration since = time.time_since_epoch();
  return Time{(since + tick - 1ns) / tick * tick};
}

TEST(TimerWheel, fires_at_its_time_and_not_before) {
  const Time start{1h};
  TimerWheel wheel(start);
  TestTimer timer;
  wheel.arm(timer, start + 10ms);
  wheel.advance(start + 9999us);
  EXPECT_EQ(timer.fired, 0);
  EXPECT_TRUE(wheel.advance(start + 10ms));
  EXPECT_EQ(timer.fired, 1);
  EXPECT_FALSE(timer.armed());
  EXPECT_FALSE(wheel.advance(start + 1h));
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheel, deadline_between_ticks_is_rounded_up) {
  const Time start{1h};
  TimerWheel wheel(start);
  TestTimer timer;
  wheel.arm(timer, start + 1500us);
  wheel.advance(start + 1999us);
  EXPECT_EQ(timer.fired, 0);
  wheel.advance(start + 2ms);
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheel, deadline_in_the_past_fires_at_the_next_tick) {
  const Time start{1h};
  TimerWheel wheel(start);
  TestTimer timer;
  wheel.arm(timer, start - 1min);
  wheel.advance(start + tick);
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheel, arming_again_moves) {
  const Time start{1h};
  TimerWheel wheel(start);
  TestTimer timer;
  wheel.arm(timer, start + 5ms);
  wheel.arm(timer, start + 50ms);
  EXPECT_EQ(wheel.armed_count(), 1U);
  wheel.advance(start + 49ms);
  EXPECT_EQ(timer.fired, 0);
  wheel.arm(timer, start + 49ms);  // now and earlier than before
  wheel.advance(start + 50ms);
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheel, disarmed_timer_never_fires) {
  const Time start{1h};
  TimerWheel wheel(start);
  TestTimer timer;
  wheel.arm(timer, start + 5ms);
  wheel.disarm(timer);
  wheel.disarm(timer);
  EXPECT_TRUE(wheel.empty());
  EXPECT_EQ(wheel.next_due(), never);
  wheel.advance(start + 1s);
  EXPECT_EQ(timer.fired, 0);
}

TEST(TimerWheel, timers_of_one_tick_fire_in_order_of_arming) {
  const Time start{1h};
  TimerWheel wheel(start);
  std::vector<TestTimer> timers(10);
  std::vector<int> order;
  for (int number = 0; number < 10; ++number) {
    timers[number].then = [&order, number] { order.push_back(number); };
    wheel.arm(timers[number], start + 20ms);
  }
  wheel.advance(start + 20ms);
  EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(TimerWheel, fire_may_disarm_another_timer_of_its_tick) {
  const Time start{1h};
  TimerWheel wheel(start);
  TestTimer first, second;
  first.then = [&] { wheel.disarm(second); };
  wheel.arm(first, start + 20ms);
  wheel.arm(second, start + 20ms);
  wheel.advance(start + 20ms);
  EXPECT_EQ(second.fired, 0);
  EXPECT_TRUE(wheel.empty());
}

TEST(TimerWheel, fire_may_arm_itself_again_without_blocking_the_turn) {
  const Time start{1h};
  TimerWheel wheel(start);
  TestTimer timer;
  timer.then = [&] { wheel.arm(timer, start); };  // always overdue: once per tick, not for ever
  wheel.arm(timer, start + tick);
  wheel.advance(start + 10 * tick);
  EXPECT_EQ(timer.fired, 10);
  wheel.disarm(timer);
}

TEST(TimerWheelDeathTest, finds_a_timer_that_is_destroyed_while_armed) {
  EXPECT_DEATH(
      {
        TimerWheel wheel(Time{1h});
        TestTimer timer;
        wheel.arm(timer, Time{2h});
      },
      "disarmed before it is destroyed");
}

TEST(TimerWheel, reaches_beyond_its_last_level) {
  const Time start{1h};
  TimerWheel wheel(start);
  TestTimer year, forever;
  wheel.arm(year, start + 24h * 365);
  wheel.arm(forever, never);
  Time now = start;
  while (year.fired == 0 && wheel.next_due() <= start + 24h * 366) wheel.advance(now = wheel.next_due());
  EXPECT_EQ(year.fired, 1);
  EXPECT_EQ(now, start + 24h * 365);
  EXPECT_EQ(forever.fired, 0);
  wheel.disarm(forever);
}

// Random arms, moves, disarms (also from inside fire) and jumps of every size.
TEST(TimerWheel, behaves_like_a_sorted_map) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    Time now{1h + Duration{random.below(1'000'000'000'000)}};
    TimerWheel wheel(now);
    constexpr std::size_t count = 40;
    std::vector<TestTimer> timers(count);
    std::map<std::size_t, Time> model;  // who is armed, and for when
    const auto some_time = [&] { return now + Duration{random.below(std::uint64_t{1} << random.below(53))}; };
    const auto arm = [&](std::size_t who, Time due) {
      wheel.arm(timers[who], due);
      model[who] = due;
    };
    for (std::size_t who = 0; who < count; ++who) {
      timers[who].then = [&, who] {
        // On time: not before its deadline, and not while the wheel still had earlier ticks to give.
        ASSERT_TRUE(model.contains(who)) << "fired although not armed";
        ASSERT_GE(now, model[who]);
        model.erase(who);
        const std::uint64_t action = random.below(8);
        if (action == 0) arm(who, some_time());
        if (action == 1) {
          const std::size_t other = random.below(count);
          wheel.disarm(timers[other]);
          model.erase(other);
        }
      };
    }
    for (int step = 0; step < 3000; ++step) {
      const std::size_t who = random.below(count);
      switch (random.below(4)) {
        case 0:
        case 1:
          arm(who, some_time());
          break;
        case 2:
          wheel.disarm(timers[who]);
          model.erase(who);
          break;
        default: {
          // Either a jump of any size, or exactly to where the wheel says that something may be due.
          now = random.chance(0.5) && wheel.next_due() < never ? std::max(now, wheel.next_due()) : some_time();
          wheel.advance(now);
          if (HasFatalFailure()) return;
          for (const auto& [armed, due] : model) {
            // Due timers have fired, except those that fire() armed for a moment within the present tick.
            ASSERT_GT(up_to_tick(due) + tick, now) << "seed " << seed << " timer " << armed << " is late";
          }
        }
      }
      ASSERT_EQ(wheel.armed_count(), model.size());
      Time earliest = never;
      for (const auto& [armed, due] : model) {
        ASSERT_TRUE(timers[armed].armed());
        earliest = std::min(earliest, due);
      }
      // Never late: sleeping until next_due() misses no deadline by more than the rounding to a tick.
      if (earliest != never) {
        ASSERT_LE(wheel.next_due(), std::max(up_to_tick(earliest), up_to_tick(now + 1ns))) << "seed " << seed;
      } else {
        ASSERT_EQ(wheel.next_due(), never);
      }
    }
    for (TestTimer& timer : timers) wheel.disarm(timer);
  }
}

}  // namespace
}  // namespace weir
