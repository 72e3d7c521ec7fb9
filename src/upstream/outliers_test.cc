// When an endpoint is an outlier beside its peers, and how long it is left alone for it.
#include "upstream/outliers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/random.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

OutlierWindow window(std::uint64_t requests, std::uint64_t failures, Duration mean = 20ms) {
  return {.requests = requests, .failures = failures, .latency = mean * static_cast<std::int64_t>(requests)};
}

std::string signs(const std::vector<OutlierWindow>& windows, const OutlierRules& rules = {}) {
  std::string text;
  for (const OutlierSign sign : find_outliers(windows, rules)) {
    text += sign == OutlierSign::failure_rate ? 'f' : sign == OutlierSign::latency ? 'l' : '-';
  }
  return text;
}

TEST(Outliers, one_of_three_that_fails_more_than_chance_explains_is_found) {
  EXPECT_EQ(signs({window(1000, 3), window(1000, 200), window(1000, 5)}), "-f-");
  EXPECT_EQ(signs({window(1000, 0), window(1000, 300)}), "-f") << "two are enough to compare";
}

TEST(Outliers, where_all_fail_alike_nobody_is_an_outlier) {
  EXPECT_EQ(signs({window(1000, 500), window(1000, 510), window(1000, 480)}), "---");
  EXPECT_EQ(signs({window(1000, 1000), window(1000, 1000)}), "--");
}

TEST(Outliers, few_failures_and_few_requests_are_nothing) {
  EXPECT_EQ(signs({window(1000, 0), window(1000, 40)}), "--") << "4 % is below any doubt";
  EXPECT_EQ(signs({window(1000, 0), window(49, 49)}), "--") << "below requests_min";
  EXPECT_EQ(signs({window(0, 0), window(1000, 900)}), "--") << "nobody to compare with";
}

TEST(Outliers, slow_one_is_found_only_when_asked_for) {
  const std::vector<OutlierWindow> windows{window(100, 0, 20ms), window(100, 0, 200ms), window(100, 0, 25ms)};
  EXPECT_EQ(signs(windows), "---");
  EXPECT_EQ(signs(windows, {.latency_factor = 5}), "-l-");
  EXPECT_EQ(signs({window(100, 0, 100us), window(100, 0, 900us)}, {.latency_factor = 3}), "--")
      << "under 10 ms nobody is slow";
}

// Shows: among endpoints that are alike, chance makes nobody an outlier more often than four deviations let expect.
TEST(Outliers, alike_endpoints_are_left_in_peace) {
  Random random(17);
  unsigned found = 0;
  constexpr unsigned rounds = 2'000;
  for (unsigned round = 0; round < rounds; ++round) {
    const double share = 0.3 * static_cast<double>(random.below(1000)) / 1000;
    std::vector<OutlierWindow> windows(2 + random.below(8));
    for (OutlierWindow& each : windows) {
      each.requests = 50 + random.below(1000);
      for (std::uint64_t request = 0; request < each.requests; ++request) each.failures += random.chance(share) ? 1 : 0;
    }
    found += static_cast<unsigned>(std::ranges::count(signs(windows), 'f'));
  }
  EXPECT_LE(found, rounds / 100);
}

TEST(Outliers, endpoint_that_fails_fifth_of_its_requests_is_always_found) {
  Random random(18);
  for (unsigned round = 0; round < 500; ++round) {
    std::vector<OutlierWindow> windows(3);
    for (std::size_t at = 0; at < windows.size(); ++at) {
      windows[at].requests = 200;
      for (int request = 0; request < 200; ++request) windows[at].failures += random.chance(at == 1 ? 0.3 : 0.01);
    }
    EXPECT_EQ(signs(windows), "-f-");
  }
}

EjectionFacts facts(std::uint32_t endpoints, std::uint32_t ejected, std::uint32_t before = 0) {
  return {.sign = OutlierSign::consecutive_errors,
          .endpoints = endpoints,
          .ejected = ejected,
          .ejections_before = before,
          .ejected_percent_max = 10,
          .ejection = 30s,
          .ejection_max = 5min};
}

TEST(Ejection, share_is_kept_and_the_last_one_stays) {
  EXPECT_TRUE(decide(facts(3, 0)).eject) << "at least one";
  EXPECT_EQ(decide(facts(3, 1)).reason, "enough_are_ejected");
  EXPECT_TRUE(decide(facts(40, 3)).eject);
  EXPECT_FALSE(decide(facts(40, 4)).eject);
  EXPECT_EQ(decide(facts(1, 0)).reason, "only_one_endpoint");
  EjectionFacts greedy = facts(4, 3);
  greedy.ejected_percent_max = 100;
  EXPECT_FALSE(decide(greedy).eject) << "never the last";
}

TEST(Ejection, who_is_down_already_takes_none_of_the_share) {
  EjectionFacts asked = facts(3, 0);
  asked.out_of_use = true;
  EXPECT_EQ(decide(asked).reason, "is_out_of_use");
  EXPECT_FALSE(decide(asked).eject);
}

TEST(Ejection, each_one_takes_twice_as_long_up_to_the_longest) {
  EXPECT_EQ(decide(facts(3, 0, 0)).duration, 30s);
  EXPECT_EQ(decide(facts(3, 0, 1)).duration, 60s);
  EXPECT_EQ(decide(facts(3, 0, 3)).duration, 240s);
  EXPECT_EQ(decide(facts(3, 0, 4)).duration, 5min);
  EXPECT_EQ(decide(facts(3, 0, 4'000'000'000)).duration, 5min);
}

TEST(Ejection, good_times_make_it_forgotten_step_by_step) {
  const Time until = Time{} + 1h;
  EXPECT_EQ(ejections_remembered(3, until, 30s, until - 1s), 3U);
  EXPECT_EQ(ejections_remembered(3, until, 30s, until + 29s), 3U);
  EXPECT_EQ(ejections_remembered(3, until, 30s, until + 61s), 1U);
  EXPECT_EQ(ejections_remembered(3, until, 30s, until + 24h), 0U);
}

TEST(Ejection, never_more_than_the_share_whatever_is_asked) {
  Random random(5);
  for (int round = 0; round < 20'000; ++round) {
    EjectionFacts asked =
        facts(static_cast<std::uint32_t>(random.below(200)), static_cast<std::uint32_t>(random.below(200)),
              static_cast<std::uint32_t>(random.below(40)));
    asked.ejected_percent_max = static_cast<std::uint32_t>(random.below(101));
    const EjectionVerdict verdict = decide(asked);
    if (!verdict.eject) continue;
    EXPECT_LT(asked.ejected + 1, asked.endpoints) << "somebody stays";
    const bool within = (asked.ejected + 1) * 100 <= asked.endpoints * asked.ejected_percent_max;
    EXPECT_TRUE(within || asked.ejected == 0);
    EXPECT_GE(verdict.duration, asked.ejection);
    EXPECT_LE(verdict.duration, asked.ejection_max);
  }
}

}  // namespace
}  // namespace weir
