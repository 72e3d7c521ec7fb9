// Two draws and a comparison.
#include "balancers/least_request/least_request.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "contracts/roster.h"

namespace weir {
namespace {

std::vector<int> picks(const std::vector<EndpointFacts>& endpoints, std::uint32_t choices, int count) {
  Roster roster;
  roster.make(endpoints, {});
  Random random(5);
  std::vector<int> counts(endpoints.size());
  for (int at = 0; at < count; ++at) {
    PickFacts facts{.endpoints = endpoints, .draw = random.next()};
    if (const auto picked = pick(LeastRequest(choices), roster, facts)) ++counts[picked->endpoint];
  }
  return counts;
}

TEST(LeastRequest, lighter_of_two_is_picked) {
  const auto counts = picks({{.in_flight = 3}, {.in_flight = 2}}, 2, 1000);
  EXPECT_EQ(counts[1], 1000);
}

TEST(LeastRequest, load_counts_for_a_unit_of_weight) {
  // (7 + 1) / 10 is less than (0 + 1) / 1.
  EXPECT_EQ(picks({{.in_flight = 7, .weight = 10}, {.in_flight = 0}}, 2, 1000)[0], 1000);
}

TEST(LeastRequest, heaviest_load_of_many_is_never_picked_and_the_lightest_twice_as_often_as_by_lot) {
  const auto counts = picks({{.in_flight = 9}, {.in_flight = 5}, {.in_flight = 5}, {.in_flight = 1}}, 2, 10'000);
  EXPECT_EQ(counts[0], 0);
  EXPECT_NEAR(counts[3], 5000, 200);  // it is among two of four in half of all draws
}

TEST(LeastRequest, one_choice_is_a_lot) {
  EXPECT_NEAR(picks({{.in_flight = 9}, {}}, 1, 10'000)[0], 5000, 200);
}

// Balls in bins: n balls into n bins, each into the emptier of two: the fullest has log log n / log 2 + O(1), where
// single draws give log n / log log n (facts: 9 / 4 / 3 for a million bins and one, two, three choices).
TEST(LeastRequest, fullest_bin_has_four_balls_of_a_hundred_thousand) {
  constexpr std::size_t bins = 100'000;
  for (const auto& [choices, low, high] : {std::tuple{1U, 7U, 10U}, {2U, 4U, 4U}, {3U, 3U, 3U}}) {
    std::vector<EndpointFacts> endpoints(bins);
    Roster roster;
    roster.make(endpoints, {});
    Random random(7);
    const LeastRequest balancer(choices);
    for (std::size_t ball = 0; ball < bins; ++ball) {
      PickFacts facts{.endpoints = endpoints, .draw = random.next()};
      ++endpoints[pick(balancer, roster, facts)->endpoint].in_flight;
    }
    const std::uint32_t fullest = std::ranges::max(endpoints, {}, &EndpointFacts::in_flight).in_flight;
    EXPECT_GE(fullest, low) << choices;
    EXPECT_LE(fullest, high) << choices;
  }
}

}  // namespace
}  // namespace weir
