// What is stated of quotas, requests in flight, bandwidths and rules of Redis: by known numbers, and by a quota whose
// process is killed again and again. That the others hold is shown beside them: ledger_test, pace_test,
// redis/rules_test.
#include "filters/limit/stated_bounds.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "base/random.h"
#include "filters/limit/rule.h"

namespace weir::limit {
namespace {

using std::chrono::milliseconds;

RuleOptions quota_of(std::uint64_t count, PeriodUnit unit) {
  RuleOptions rule;
  rule.name = "many";
  rule.quota = Quota{.count = count, .unit = unit};
  rule.algorithm = Algorithm::calendar;
  rule.calendar = std::make_shared<Calendar>(TimeZone(), unit);
  return rule;
}

TEST(StatedBounds, a_quota_may_be_met_twice_around_the_end_of_a_period) {
  const Stated stated = stated_of(quota_of(10'000, PeriodUnit::month), 4, nullptr);
  EXPECT_EQ(stated.in_period, 10'003U) << "three other cores meet a new key";
  EXPECT_EQ(stated.bound->worst_second, 20'006);
  EXPECT_EQ(stated.bound->worst_ten_seconds, 20'006);
  EXPECT_NEAR(stated.bound->mean_per_second, 10'000 / (365.2425 / 12 * 86'400), 1e-9);
  RuleOptions settled = quota_of(10, PeriodUnit::day);
  settled.cost = {.response_header = "x-cost", .debt = 5};
  EXPECT_EQ(stated_of(settled, 1, nullptr).in_period, 15U);
  EXPECT_TRUE(stated_of(settled, 1, nullptr).forgives);
}

TEST(StatedBounds, requests_in_flight_have_a_number_and_no_rate) {
  RuleOptions rule;
  rule.in_flight = 20;
  const Stated stated = stated_of(rule, 4, nullptr);
  EXPECT_EQ(stated.in_flight, 23U);
  EXPECT_FALSE(stated.bound);
}

TEST(StatedBounds, a_bandwidth_is_a_burst_and_its_rate_and_a_portion_of_each_stream) {
  RuleOptions rule;
  rule.bandwidth = BandwidthOptions{.rate = {.per_second = 100'000}, .burst = 30'000};
  const Stated stated = stated_of(rule, 3, nullptr);
  EXPECT_EQ(stated.more_of_each_stream, 2000U) << "a fiftieth of a second";
  EXPECT_EQ(stated.bound->mean_per_second, 100'000);
  EXPECT_EQ(stated.bound->worst_second, 134'000) << "two other cores meet a new key";
  EXPECT_EQ(stated.bound->worst_ten_seconds, 1'034'000);
  rule.key = {.selectors = {}, .connection = true};
  EXPECT_EQ(stated_of(rule, 3, nullptr).bound->worst_second, 130'000) << "a connection lives on one core";
  rule.bandwidth->burst = 2 * limits::file_slice_bytes;
  rule.key = {};
  EXPECT_EQ(stated_of(rule, 2, nullptr).bound->worst_second,
            100'000 + static_cast<double>(3 * limits::file_slice_bytes))
      << "a turn may be of a file's slice";
}

TEST(StatedBounds, costs_that_are_lost_or_come_in_lumps_count_as_much_as_they_are) {
  RuleOptions rule;
  rule.rate = Rate{.count = 100};
  rule.cost.header = "x-cost";
  rule.cost.maximum = 50;
  EXPECT_EQ(stated_of(rule, 3, nullptr).bound->worst_second, 200 + 2 * 50);
  const Budget whole{.limit = 1000, .burst = 100};
  EXPECT_NEAR(fleet_bound(whole, {}, 4).worst_second - 1200, 2 * (fleet_bound(whole, {}).worst_second - 1200), 1e-6);
}

TEST(StatedBounds, of_a_rule_of_redis_follow_from_what_decides_without_it) {
  RuleOptions rule;
  rule.rate = Rate{.count = 100};
  rule.algorithm = Algorithm::sliding_log;
  rule.scope = Scope::redis;
  EXPECT_EQ(stated_of(rule, 4, nullptr).bound->worst_second, 100) << "Redis counts one after the other";
  EXPECT_EQ(away_bound(rule, OnError::local, 4)->worst_second, 203) << "two windows stand for the log";
  EXPECT_EQ(away_bound(rule, OnError::closed, 4)->worst_ten_seconds, 0);
  EXPECT_FALSE(away_bound(rule, OnError::open, 4));
  EXPECT_EQ(leases_bound(rule, 20, 4), 80U);
  rule.dry_run = true;
  EXPECT_EQ(leases_bound(rule, 20, 4), 0U) << "what refuses nobody leases nothing";
}

// ---- a process that is killed ----

/// A quota, the disk that keeps it, and what somebody got of it.
class KilledQuota : public testing::Test {
 protected:
  void live() {
    state = std::make_unique<RuleState>(rule, 1, "many");
    std::vector<StoreEntry> entries;
    for (const auto& [key, value] : disk) entries.push_back({.key = key, .value = value, .version = 1});
    state->restore(entries, WallTime{now.time_since_epoch()});
    since_written = 0;
  }
  void write() {
    for (const StoreWrite& change : state->take_changes(1000)) disk[change.key] = *change.value;
    since_written = 0;
  }
  bool ask() {
    std::uint64_t before = 0;
    const std::uint64_t hash = state->book()->hash("ann");
    if (!state->ledger(0).spend(hash, now, 1, before).admitted) return false;
    ++since_written;
    return true;
  }

  RuleOptions rule = quota_of(40, PeriodUnit::minute);
  std::map<std::string, std::string> disk;
  std::unique_ptr<RuleState> state;
  Time now{std::chrono::hours{400'000}};
  std::uint64_t since_written = 0;
};

// In a period as much as is stated, and for each time that it was killed what it had not written; around its end as
// much as is stated for a second.
TEST_F(KilledQuota, gives_out_again_what_it_had_not_written_and_nothing_else) {
  Random random(43);
  const Stated stated = stated_of(rule, 1, nullptr);
  std::uint64_t period = 0;
  std::uint64_t spent = 0;
  std::uint64_t lost = 0;
  std::uint64_t lost_in_all = 0;
  Time written = now;
  live();
  EXPECT_TRUE(state->book()->is_kept());
  for (int request = 0; request < 200'000; ++request) {
    now += milliseconds{random.below(random.chance(0.01) ? 20'000 : 400)};
    if (const auto minute = static_cast<std::uint64_t>(now.time_since_epoch() / std::chrono::minutes{1});
        minute != period) {
      period = minute;
      spent = lost = 0;
      since_written = 0;  // of a period that is over nothing is missed
    }
    if (now - written >= milliseconds{1000}) {
      write();
      written = now;
    }
    if (random.chance(0.002)) {
      lost += since_written;
      lost_in_all += since_written;
      live();
    }
    spent += ask() ? 1 : 0;
    ASSERT_LE(spent, *stated.in_period + lost) << request;
  }
  EXPECT_GT(lost_in_all, 100U) << "a test that kills nothing";
}

TEST_F(KilledQuota, of_which_nothing_is_kept_says_so) {
  const RuleState unkept(rule, 1, "many");
  EXPECT_FALSE(unkept.book()->is_kept());
}

}  // namespace
}  // namespace weir::limit
