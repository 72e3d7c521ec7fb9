// Turns as letters: a is endpoint 0.
#include "balancers/round_robin/round_robin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "contracts/roster.h"

namespace weir {
namespace {

std::string turns(const std::vector<EndpointFacts>& endpoints, std::uint64_t count,
                  std::span<const std::uint32_t> tried = {}) {
  Roster roster;
  roster.make(endpoints, {});
  std::string text;
  for (std::uint64_t turn = 0; turn < count; ++turn) {
    PickFacts facts{.endpoints = endpoints, .tried = tried, .turn = turn};
    const auto picked = pick(RoundRobin(), roster, facts);
    text += picked ? static_cast<char>('a' + picked->endpoint) : '-';
  }
  return text;
}

TEST(RoundRobin, equal_endpoints_take_turns) {
  EXPECT_EQ(turns({{}, {}, {}}, 7), "abcabca");
}

TEST(RoundRobin, equal_heavy_endpoints_take_turns) {
  EXPECT_EQ(turns({{.weight = 50}, {.weight = 50}}, 5), "ababa");
}

TEST(RoundRobin, unavailable_endpoint_is_left_out) {
  EXPECT_EQ(turns({{}, {.available = false}, {}}, 4), "acac");
  EXPECT_EQ(turns({{.available = false}, {.weight = 0}}, 2), "--");
  EXPECT_EQ(turns({}, 1), "-");
}

TEST(RoundRobin, weights_are_exact_in_every_round) {
  const std::string round = turns({{.weight = 5}, {.weight = 1}, {.weight = 1}}, 7);
  EXPECT_EQ(std::ranges::count(round, 'a'), 5);
  EXPECT_EQ(std::ranges::count(round, 'b'), 1);
  EXPECT_EQ(std::ranges::count(round, 'c'), 1);
}

TEST(RoundRobin, heavy_and_light_turns_are_spread) {
  // 5 of 100: never two in a row, never more than twice the fair distance apart.
  const std::string rounds = turns({{.weight = 95}, {.weight = 5}}, 300);
  EXPECT_EQ(std::ranges::count(rounds, 'b'), 15);
  EXPECT_EQ(rounds.find("bb"), std::string::npos);
  EXPECT_EQ(rounds.find(std::string(40, 'a')), std::string::npos);
}

TEST(RoundRobin, turn_may_wrap) {
  const std::vector<EndpointFacts> endpoints{{.weight = 4'000'000'000}, {.weight = 3'999'999'999}};
  Roster roster;
  roster.make(endpoints, {});
  PickFacts facts{.endpoints = endpoints, .turn = ~std::uint64_t{0}};
  EXPECT_TRUE(pick(RoundRobin(), roster, facts).has_value());
}

TEST(RoundRobin, one_that_was_tried_leaves_its_turn_to_the_next) {
  const std::vector<std::uint32_t> tried{1};
  EXPECT_EQ(turns({{}, {}, {}}, 6, tried), "accacc");
}

}  // namespace
}  // namespace weir
