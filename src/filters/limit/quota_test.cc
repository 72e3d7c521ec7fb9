// Budgets by the calendar: what a period gives, where it ends, and clocks that jump.
#include <gtest/gtest.h>

#include <random>

#include "filters/limit/budget.h"
#include "filters/limit/calendar.h"

namespace weir::limit {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

Time wall(int year, int month, int day, int hour = 0, int minute = 0, int second = 0) {
  return Time{seconds{days_of(year, month, day) * 86'400 + hour * 3600 + minute * 60 + second}};
}

class QuotaTest : public testing::Test {
 protected:
  Budget budget(const Calendar& calendar, std::uint64_t limit) {
    return {.algorithm = Algorithm::calendar, .limit = limit, .window = hours{24}, .calendar = &calendar};
  }
  static std::uint64_t admitted(const Budget& budget, std::uint64_t& state, Time now, std::uint64_t tries) {
    std::uint64_t count = 0;
    for (std::uint64_t number = 0; number < tries; ++number) {
      const BudgetVerdict verdict = decide_budget(budget, state, now, 1);
      state = verdict.state;
      count += verdict.admitted ? 1 : 0;
    }
    return count;
  }
  static TimeZone zone(const std::string& name) { return load_time_zone(name).value(); }

  const Calendar day{zone("Europe/Berlin"), PeriodUnit::day};
  const Calendar month{zone("Europe/Berlin"), PeriodUnit::month};
};

// The day in Berlin ends at 22:00 UTC in summer, also the one that is an hour short; a refusal says when.
TEST_F(QuotaTest, ends_with_the_local_day) {
  const Budget daily = budget(day, 3);
  std::uint64_t state = 0;
  EXPECT_EQ(admitted(daily, state, wall(2026, 3, 29, 0, 30), 5), 3U);
  const BudgetVerdict refused = decide_budget(daily, state, wall(2026, 3, 29, 21, 59, 59), 1);
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.wait, seconds{1});
  EXPECT_EQ(refused.reset, seconds{1});
  EXPECT_EQ(admitted(daily, state, wall(2026, 3, 29, 22), 5), 3U);
}

TEST_F(QuotaTest, tells_what_is_left_and_until_when) {
  const Budget monthly = budget(month, 10);
  const BudgetVerdict first = decide_budget(monthly, 0, wall(2026, 2, 1, 12), 4);
  EXPECT_TRUE(first.admitted);
  EXPECT_EQ(first.remaining, 6U);
  EXPECT_EQ(first.reset, wall(2026, 2, 28, 23) - wall(2026, 2, 1, 12));
  const BudgetVerdict too_much = decide_budget(monthly, first.state, wall(2026, 2, 2), 11);
  EXPECT_EQ(too_much.wait, no_limit) << "more than a month has";
}

// A million requests at random moments, forwards: in no period more than the quota, and all of it when it is asked for.
TEST_F(QuotaTest, never_passes_a_period) {
  std::mt19937_64 random(23);
  for (const char* const name : {"UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe"}) {
    for (const PeriodUnit unit :
         {PeriodUnit::minute, PeriodUnit::hour, PeriodUnit::day, PeriodUnit::week, PeriodUnit::month}) {
      const Calendar calendar(zone(name), unit);
      const Budget quota = budget(calendar, 1 + random() % 40);
      std::uint64_t state = 0;
      std::int64_t now = days_of(2018, 1, 1) * 86'400;
      Period period = calendar.at(now);
      const std::int64_t step = (period.end - period.begin) / 25 + 1;
      std::uint64_t spent = 0;
      for (int request = 0; request < 50'000; ++request) {
        now += static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(step));
        const std::uint64_t cost = 1 + random() % 3;
        if (now >= period.end) {
          period = calendar.at(now);
          spent = 0;
        }
        const BudgetVerdict verdict = decide_budget(quota, state, Time{seconds{now}}, cost);
        state = verdict.state;
        ASSERT_EQ(verdict.admitted, spent + cost <= quota.limit) << name << ' ' << name_of(unit) << ' ' << now;
        if (verdict.admitted) spent += cost;
        ASSERT_EQ(verdict.remaining, quota.limit - spent);
      }
    }
  }
}

// A clock that goes back gives nothing and locks nobody out; one that jumps ahead gives at most one whole quota.
TEST_F(QuotaTest, clocks_that_jump_give_no_more_than_one_quota) {
  const Budget daily = budget(day, 5);
  std::uint64_t state = 0;
  EXPECT_EQ(admitted(daily, state, wall(2026, 6, 10, 12), 9), 5U);
  EXPECT_EQ(admitted(daily, state, wall(2026, 6, 9, 12), 9), 0U) << "a day back";
  EXPECT_EQ(admitted(daily, state, wall(2026, 1, 9, 12), 9), 0U) << "months back: taken along";
  EXPECT_EQ(admitted(daily, state, wall(2026, 1, 10, 12), 9), 5U) << "the next day is a new one";
  EXPECT_EQ(admitted(daily, state, wall(2036, 1, 10, 12), 9), 5U) << "ten years ahead: one quota";
  EXPECT_EQ(admitted(daily, state, wall(2026, 1, 10, 13), 9), 0U) << "and back: none";
}

// Random jumps both ways: between two moments at which the clock went into a later period than ever, at most one quota.
TEST_F(QuotaTest, random_jumps_never_give_more_than_the_periods_that_were_entered) {
  std::mt19937_64 random(29);
  const Budget daily = budget(day, 7);
  for (int round = 0; round < 200; ++round) {
    std::uint64_t state = 0;
    std::int64_t now = days_of(2026, 1, 1) * 86'400;
    std::uint64_t entered = 1;
    std::uint64_t count = 0;
    std::int64_t begin = day.at(now).begin;
    for (int step = 0; step < 500; ++step) {
      const auto jump = static_cast<std::int64_t>(random() % (4 * 86'400)) - 2 * 86'400;
      now += random() % 10 == 0 ? jump : static_cast<std::int64_t>(random() % 600);
      const std::int64_t here = day.at(now).begin;
      if (here > begin) ++entered;
      begin = here;
      count += admitted(daily, state, Time{seconds{now}}, 2);
      ASSERT_LE(count, entered * daily.limit) << round << ' ' << step;
    }
  }
}

TEST_F(QuotaTest, what_an_answer_cost_is_settled_in_its_period) {
  Budget daily = budget(day, 10);
  daily.debt = 5;
  const Time now = wall(2026, 6, 10, 12);
  std::uint64_t state = decide_budget(daily, 0, now, 1).state;
  state = settle_budget(daily, state, now, 20);
  EXPECT_FALSE(decide_budget(daily, state, now, 1).admitted);
  state = settle_budget(daily, state, now, -14);
  EXPECT_EQ(decide_budget(daily, state, now, 1).remaining, 8U) << "15 were owed at most";
  EXPECT_EQ(weigh_budget(daily, state, now + hours{24}), 0U) << "yesterday loses nothing";
}

}  // namespace
}  // namespace weir::limit
