// Subsets of many gateways over many endpoints: how even they are, and how little moves.
#include "upstream/subset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "base/random.h"

namespace weir {
namespace {

struct Names {
  explicit Names(std::size_t count) {
    for (std::size_t at = 0; at < count; ++at)
      texts.push_back("10.0." + std::to_string(at / 250) + "." + std::to_string(at % 250) + ":80");
  }
  [[nodiscard]] std::set<std::string> of(const SubsetRule& rule) const {
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    std::set<std::string> mine;
    for (const std::uint32_t at : subset_of(views, rule)) mine.insert(texts[at]);
    return mine;
  }
  std::vector<std::string> texts;
};

/// How many of `now` were not there before.
std::size_t new_ones(const std::set<std::string>& before, const std::set<std::string>& now) {
  return static_cast<std::size_t>(std::ranges::count_if(now, [&](const auto& each) { return !before.contains(each); }));
}

TEST(Subset, few_endpoints_are_all_ours) {
  EXPECT_EQ(Names(3).of({.size = 3, .gateway = 7}).size(), 3U);
  EXPECT_EQ(Names(3).of({.size = 0}).size(), 3U);
  EXPECT_TRUE(Names(0).of({.size = 5}).empty());
}

TEST(Subset, is_the_same_whatever_the_order_of_the_names) {
  Names names(50);
  const auto before = names.of({.size = 8, .gateway = 5});
  std::ranges::reverse(names.texts);
  EXPECT_EQ(names.of({.size = 8, .gateway = 5}), before);
}

TEST(Subset, gateways_of_different_numbers_have_different_ones) {
  const Names names(100);
  EXPECT_EQ(new_ones(names.of({.size = 20, .gateway = 0}), names.of({.size = 20, .gateway = 1})), 20U);
}

TEST(SubsetProperty, every_endpoint_is_met_by_its_share_of_the_gateways) {
  Random random(9);
  for (int trial = 0; trial < 120; ++trial) {
    const Names names(2 + random.below(300));
    const auto size = static_cast<std::uint32_t>(1 + random.below(names.texts.size()));
    const auto gateways = static_cast<std::uint32_t>(1 + random.below(200));
    std::map<std::string, double> met;
    for (const std::string& each : names.texts) met[each] = 0;
    for (std::uint32_t gateway = 0; gateway < gateways; ++gateway) {
      const auto mine = names.of({.size = size, .gateway = gateway});
      ASSERT_EQ(mine.size(), size);
      for (const std::string& each : mine) ++met[each];
    }
    const double mean = static_cast<double>(gateways) * size / static_cast<double>(names.texts.size());
    const double off = 2 + 2 * std::log2(gateways) / 3;
    for (const auto& [name, count] : met) {
      ASSERT_NEAR(count, mean, off) << gateways << " gateways, " << size << " of " << names.texts.size();
    }
  }
}

TEST(SubsetProperty, an_endpoint_that_comes_or_goes_changes_two_of_a_gateway_at_most) {
  Random random(10);
  for (int trial = 0; trial < 200; ++trial) {
    Names names(10 + random.below(200));
    const auto size = static_cast<std::uint32_t>(1 + random.below(names.texts.size() - 2));
    std::vector<std::set<std::string>> before;
    constexpr std::uint32_t gateways = 40;
    for (std::uint32_t gateway = 0; gateway < gateways; ++gateway) before.push_back(names.of({size, gateway}));
    if (random.chance(0.5)) {
      names.texts.erase(names.texts.begin() + static_cast<std::ptrdiff_t>(random.below(names.texts.size())));
    } else {
      names.texts.push_back("10.9.9.9:" + std::to_string(trial));
    }
    for (std::uint32_t gateway = 0; gateway < gateways; ++gateway) {
      ASSERT_LE(new_ones(before[gateway], names.of({size, gateway})), 2U);
    }
  }
}

}  // namespace
}  // namespace weir
