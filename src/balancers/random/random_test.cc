// A lot per request: shares over many draws.
#include "balancers/random/random.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "contracts/roster.h"

namespace weir {
namespace {

std::vector<double> shares(const std::vector<EndpointFacts>& endpoints, std::span<const std::uint32_t> tried = {}) {
  constexpr int picks = 100'000;
  Roster roster;
  roster.make(endpoints, {});
  Random random(5);
  std::vector<double> counts(endpoints.size());
  for (int at = 0; at < picks; ++at) {
    PickFacts facts{.endpoints = endpoints, .tried = tried, .draw = random.next()};
    if (const auto picked = pick(RandomBalancer(), roster, facts)) counts[picked->endpoint] += 1.0 / picks;
  }
  return counts;
}

TEST(RandomBalancer, endpoints_are_as_likely_as_their_weights) {
  const auto counts = shares({{.weight = 1}, {.weight = 3}, {.weight = 6}});
  EXPECT_NEAR(counts[0], 0.1, 0.01);
  EXPECT_NEAR(counts[1], 0.3, 0.01);
  EXPECT_NEAR(counts[2], 0.6, 0.01);
}

TEST(RandomBalancer, what_was_tried_is_drawn_only_when_nothing_else_is_left) {
  const std::vector<std::uint32_t> first{0};
  EXPECT_EQ(shares({{}, {}}, first)[0], 0);
  EXPECT_NEAR(shares({{}, {.available = false}}, first)[0], 1, 1e-9);
}

}  // namespace
}  // namespace weir
