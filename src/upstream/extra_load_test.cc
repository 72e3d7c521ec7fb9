// The budget: what it allows, for how long it remembers, and that no sequence of events gets more out of it.
#include "upstream/extra_load.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/random.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Kind = ExtraLoad::Kind;

constexpr Time start{1h};

TEST(ExtraLoad, share_of_the_requests_is_allowed) {
  ExtraLoad load;
  const BudgetSettings settings{.share = percent(20), .per_second_min = 0};
  for (unsigned request = 0; request < 10; ++request) load.count_request(start);
  for (unsigned extra = 0; extra < 2; ++extra) {
    EXPECT_TRUE(allows_one_more(load.facts(Kind::retry, settings, 1, start)));
    load.count_extra(Kind::retry, start);
  }
  EXPECT_FALSE(allows_one_more(load.facts(Kind::retry, settings, 1, start)));
  EXPECT_TRUE(allows_one_more(load.facts(Kind::hedge, settings, 1, start))) << "each kind has a budget of its own";
}

TEST(ExtraLoad, little_traffic_is_allowed_some_whatever_its_share) {
  ExtraLoad load;
  const BudgetSettings settings{.share = percent(0), .per_second_min = 1};
  EXPECT_EQ(load.facts(Kind::retry, settings, 1, start).always, ExtraLoad::window_seconds);
  EXPECT_EQ(load.facts(Kind::retry, settings, 4, start).always, 3U) << "the process's figure, divided and rounded up";
}

TEST(ExtraLoad, window_forgets_after_ten_seconds) {
  ExtraLoad load;
  const BudgetSettings settings{};
  load.count_request(start);
  load.count_extra(Kind::retry, start);
  EXPECT_EQ(load.facts(Kind::retry, settings, 1, start + 9s).requests, 1U);
  EXPECT_EQ(load.facts(Kind::retry, settings, 1, start + 11s).requests, 0U);
  EXPECT_EQ(load.facts(Kind::retry, settings, 1, start + 11s).extra, 0U);
  load.count_request(start + 24h);
  EXPECT_EQ(load.facts(Kind::retry, settings, 1, start + 24h).requests, 1U) << "a long silence is no trouble";
}

/// Whatever comes in whatever order: in any window the extra ones stay within what the requests of a window around it
/// and the floor allow. (The slots turn by whole seconds, so that a window of the test sees at most one more.)
TEST(ExtraLoad, no_sequence_of_events_gets_more_than_the_budget) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Random random(seed);
    const BudgetSettings settings{.share = percent(static_cast<std::uint32_t>(random.below(60))),
                                  .per_second_min = static_cast<std::uint32_t>(random.below(3))};
    ExtraLoad load;
    std::deque<Time> requests;
    std::deque<Time> extra;
    Time now = start;
    for (unsigned event = 0; event < 5'000; ++event) {
      now += Duration{static_cast<Duration::rep>(random.below(random.chance(0.01) ? 8'000'000'000 : 20'000'000))};
      load.count_request(now);
      requests.push_back(now);
      for (unsigned wish = 0; wish < 3; ++wish) {
        if (!allows_one_more(load.facts(Kind::retry, settings, 1, now))) break;
        load.count_extra(Kind::retry, now);
        extra.push_back(now);
      }
      while (!extra.empty() && extra.front() <= now - 9s) extra.pop_front();
      while (!requests.empty() && requests.front() <= now - 20s) requests.pop_front();
      const std::uint64_t allowed =
          requests.size() * settings.share.per_million / 1'000'000 + settings.per_second_min * 10U;
      ASSERT_LE(extra.size(), allowed) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace weir
