// Who may be picked: groups, shares, and the walk when some were tried.
#include "contracts/roster.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "contracts/zone_spill.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// The share of random bits that fall on each group, by its first member.
std::vector<double> shares(const Roster& roster, std::size_t endpoints) {
  constexpr int draws = 100'000;
  Random random(3);
  std::vector<double> counts(endpoints);
  for (int at = 0; at < draws; ++at) counts[roster.choose(random.next())->members.front()] += 1.0 / draws;
  return counts;
}

Roster roster_of(const std::vector<EndpointFacts>& endpoints, const RosterRules& rules = {}) {
  Roster roster;
  roster.make(endpoints, rules);
  return roster;
}

class First final : public Balancer {
 public:
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override {
    for (const std::uint32_t member : facts.group->members) {
      if (facts.may_pick(member)) return Pick{.endpoint = member, .reason = "first"};
    }
    return {};
  }
  [[nodiscard]] std::string_view name() const override { return "first"; }
};

TEST(Roster, everybody_who_may_be_picked_is_in_one_group) {
  const Roster roster = roster_of({{}, {.available = false}, {.weight = 0}, {.drained = true}, {}});
  ASSERT_EQ(roster.groups().size(), 1);
  EXPECT_EQ(roster.groups()[0].members, (std::vector<std::uint32_t>{0, 4}));
}

TEST(Roster, nobody_is_no_group) {
  EXPECT_EQ(roster_of({}).choose(1), nullptr);
  EXPECT_EQ(roster_of({{.available = false}}).choose(1), nullptr);
}

TEST(Roster, point_of_the_sum_belongs_to_the_member_whose_stretch_holds_it) {
  Random random(11);
  for (int round = 0; round < 200; ++round) {
    std::vector<EndpointFacts> endpoints(1 + random.below(40));
    for (EndpointFacts& each : endpoints) each.weight = static_cast<std::uint32_t>(1 + random.below(round + 1));
    const Roster roster = roster_of(endpoints);
    const EndpointGroup& group = roster.groups()[0];
    std::uint64_t point = 0;
    for (std::uint32_t number = 0; number < endpoints.size(); ++number) {
      for (std::uint32_t unit = 0; unit < endpoints[number].weight; ++unit) {
        ASSERT_EQ(group.member_at(point++), number) << "point " << point - 1 << " of round " << round;
      }
    }
    EXPECT_EQ(point, group.weight_sum);
  }
}

TEST(Roster, backups_take_nothing_while_the_first_can_bear_everything) {
  std::vector<EndpointFacts> endpoints(10);
  endpoints.push_back({.priority = 1});
  EXPECT_EQ(shares(roster_of(endpoints), 11)[10], 0);
  endpoints[9].available = endpoints[8].available = false;  // 8 of 10 bear 112 %
  EXPECT_EQ(shares(roster_of(endpoints), 11)[10], 0);
}

TEST(Roster, backups_take_what_the_first_cannot_bear) {
  std::vector<EndpointFacts> endpoints(10);
  for (std::size_t at = 5; at < 10; ++at) endpoints[at].available = false;
  endpoints.push_back({.priority = 1});
  EXPECT_NEAR(shares(roster_of(endpoints), 11)[10], 0.3, 0.01);  // 5 of 10 bear 70 %
  for (EndpointFacts& each : endpoints) each.available = each.priority == 1;
  EXPECT_NEAR(shares(roster_of(endpoints), 11)[10], 1, 1e-9);
}

TEST(Roster, those_nearby_are_preferred_and_spill_over_when_too_few) {
  std::vector<EndpointFacts> endpoints{{}, {}, {.near = false}, {.near = false}};
  EXPECT_NEAR(shares(roster_of(endpoints), 4)[0], 1, 1e-9);
  endpoints[0].available = false;
  const auto counts = shares(roster_of(endpoints), 4);
  EXPECT_NEAR(counts[1], 0.7, 0.01);
  EXPECT_NEAR(counts[2], 0.3, 0.01);
}

// By capacity: near / (near + far) / traffic, as in Envoy's zone-aware routing.
TEST(ZoneSpill, zone_keeps_as_much_as_it_has_servers_for) {
  struct Case {
    double near, far, traffic, kept;
  };
  for (const Case& each : {Case{.near = 2, .far = 4, .traffic = 0.33, .kept = 1},
                           {.near = 1, .far = 5, .traffic = 1.0 / 3, .kept = 0.5},
                           {.near = 2, .far = 4, .traffic = 0.5, .kept = 2.0 / 3},
                           {.near = 1, .far = 9, .traffic = 1, .kept = 0.1},
                           {.near = 5, .far = 1, .traffic = 0.01, .kept = 1},
                           {.near = 1, .far = 0, .traffic = 1, .kept = 1},
                           {.near = 1, .far = 9, .traffic = 0, .kept = 1}}) {
    EXPECT_NEAR(part_kept_near(each.near, each.far, each.traffic), each.kept, 1e-9)
        << each.near << " near, " << each.far << " far, " << each.traffic;
  }
}

TEST(ZoneSpill, near_side_is_full_above_its_load_while_the_other_has_less) {
  struct Case {
    SideLoad near, far;
    double per_weight;
    bool full;
  };
  for (const Case& each : {Case{.near = {2, 19}, .far = {2, 0}, .per_weight = 10, .full = false},
                           {.near = {2, 20}, .far = {2, 0}, .per_weight = 10, .full = true},
                           {.near = {2, 20}, .far = {2, 19}, .per_weight = 10, .full = true},
                           {.near = {2, 20}, .far = {2, 20}, .per_weight = 10, .full = false},  // nowhere is easier
                           {.near = {2, 20}, .far = {4, 39}, .per_weight = 10, .full = true},
                           {.near = {2, 20}, .far = {0, 0}, .per_weight = 10, .full = false},
                           {.near = {2, 99}, .far = {2, 0}, .per_weight = 0, .full = false},
                           {.near = {1, 0}, .far = {9, 0}, .per_weight = 0.5, .full = false}}) {
    EXPECT_EQ(near_is_full(each.near, each.far, each.per_weight), each.full)
        << each.near.in_flight << " near, " << each.far.in_flight << " far, " << each.per_weight;
  }
}

TEST(Roster, zone_that_brings_more_than_its_part_of_the_servers_keeps_its_part) {
  std::vector<EndpointFacts> endpoints{{}, {.near = false}, {.near = false}, {.near = false}};
  const RosterRules half{.zone_traffic_per_million = 500'000};
  EXPECT_NEAR(shares(roster_of(endpoints, half), 4)[0], 0.5, 0.01);  // a quarter of the servers for half of the traffic
  EXPECT_NEAR(shares(roster_of(endpoints, {}), 4)[0], 1, 1e-9);
  endpoints[3].available = false;  // a third, now
  EXPECT_NEAR(shares(roster_of(endpoints, half), 4)[0], 2.0 / 3, 0.01);
  endpoints[2].available = endpoints[1].available = false;
  EXPECT_NEAR(shares(roster_of(endpoints, half), 4)[0], 1, 1e-9) << "nobody else is there";
}

TEST(Roster, what_is_above_the_load_of_the_near_side_goes_elsewhere_and_says_why) {
  std::vector<EndpointFacts> endpoints{
      {.in_flight = 3}, {.in_flight = 4}, {.near = false}, {.in_flight = 90, .available = false}};
  const RosterRules rules{.near_in_flight = 4};
  const Roster roster = roster_of(endpoints, rules);
  const auto reason = [&](std::vector<std::uint32_t> tried = {}) {
    PickFacts facts{.endpoints = endpoints, .tried = tried, .draw = 5};
    pick(First(), roster, facts);
    return std::string(spill_reason(roster, facts));
  };
  EXPECT_EQ(reason(), "") << "who is ejected keeps its load to itself";
  endpoints[0].in_flight = 4;
  EXPECT_EQ(reason(), "near_full");
  endpoints[2].in_flight = 4;
  EXPECT_EQ(reason(), "") << "nowhere is easier";
  EXPECT_EQ(reason({0, 1}), "near_tried");
}

TEST(Roster, pick_that_leaves_the_zone_by_share_or_because_nobody_is_there_says_so) {
  std::vector<EndpointFacts> endpoints{{}, {.near = false}};
  const auto reasons = [&](const RosterRules& rules) {
    std::set<std::string> all;
    const Roster roster = roster_of(endpoints, rules);
    Random random(5);
    for (int at = 0; at < 100; ++at) {
      PickFacts facts{.endpoints = endpoints, .draw = random.next()};
      pick(First(), roster, facts);
      all.emplace(spill_reason(roster, facts));
    }
    return all;
  };
  EXPECT_EQ(reasons({}), std::set<std::string>{""});
  EXPECT_EQ(reasons({.zone_traffic_per_million = 1'000'000}), (std::set<std::string>{"", "near_share"}));
  endpoints[0].available = false;
  EXPECT_EQ(reasons({}), std::set<std::string>{"none_near"});
}

TEST(Roster, few_left_are_stretched_to_all_traffic) {
  std::vector<EndpointFacts> endpoints(10);
  for (std::size_t at = 1; at < 10; ++at) endpoints[at].available = false;
  EXPECT_NEAR(shares(roster_of(endpoints), 10)[0], 1, 1e-9);
}

TEST(Roster, made_again_it_is_the_same) {
  Random random(9);
  Roster used;
  for (int round = 0; round < 300; ++round) {
    std::vector<EndpointFacts> endpoints(random.below(20));
    for (EndpointFacts& each : endpoints) {
      each = {.weight = static_cast<std::uint32_t>(random.below(4)),
              .available = random.chance(0.7),
              .near = random.chance(0.5),
              .priority = static_cast<std::uint8_t>(random.below(4))};
    }
    used.make(endpoints, {});  // has the memory of the rounds before
    const Roster fresh = roster_of(endpoints);
    ASSERT_EQ(used.groups().size(), fresh.groups().size());
    for (std::size_t at = 0; at < fresh.groups().size(); ++at) {
      EXPECT_EQ(used.groups()[at].members, fresh.groups()[at].members);
      EXPECT_EQ(used.groups()[at].upto, fresh.groups()[at].upto);
      EXPECT_EQ(used.groups()[at].guide, fresh.groups()[at].guide);
    }
    const std::uint64_t bits = random.next();
    if (fresh.choose(bits) != nullptr) EXPECT_EQ(used.choose(bits)->members, fresh.choose(bits)->members);
  }
}

TEST(Roster, one_who_has_tried_a_group_goes_to_the_next_and_then_round_again) {
  const std::vector<EndpointFacts> endpoints{{}, {.priority = 1}};
  const Roster roster = roster_of(endpoints);
  std::vector<std::uint32_t> tried;
  const auto picked = [&] {
    PickFacts facts{.endpoints = endpoints, .tried = tried};
    return pick(First(), roster, facts)->endpoint;
  };
  EXPECT_EQ(picked(), 0);
  tried = {0};
  EXPECT_EQ(picked(), 1);
  tried = {0, 1};
  EXPECT_EQ(picked(), 0);
}

TEST(Roster, one_who_has_tried_all_goes_to_one_that_is_ejected_and_only_then_round_again) {
  std::vector<EndpointFacts> endpoints(4);
  endpoints[1] = {.available = false};  // down
  endpoints[2] = {.available = false, .ejected = true};
  endpoints[3] = {.available = false, .ejected = true, .drained = true};  // what an operator said goes first
  const Roster roster = roster_of(endpoints);
  std::vector<std::uint32_t> tried;
  const auto picked = [&] {
    PickFacts facts{.endpoints = endpoints, .tried = tried, .draw = 3};
    return *pick(First(), roster, facts);
  };
  EXPECT_EQ(picked().endpoint, 0);
  tried = {0};
  EXPECT_EQ(picked().endpoint, 2);
  EXPECT_EQ(picked().reason, "ejected_but_untried");
  tried = {0, 2};
  EXPECT_EQ(picked().endpoint, 0);
}

TEST(Roster, round_again_does_not_go_straight_back) {
  const std::vector<EndpointFacts> endpoints(2);
  const Roster roster = roster_of(endpoints);
  for (const std::vector<std::uint32_t>& tried : {std::vector<std::uint32_t>{0, 1}, {1, 0}}) {
    PickFacts facts{.endpoints = endpoints, .tried = tried};
    EXPECT_EQ(pick(First(), roster, facts)->endpoint, tried.front());
  }
}

TEST(WarmWeight, rises_from_a_tenth_to_all) {
  EXPECT_EQ(warm_weight(100, 0s, 10s), 10);
  EXPECT_EQ(warm_weight(100, 5s, 10s), 50);
  EXPECT_EQ(warm_weight(100, 10s, 10s), 100);
  EXPECT_EQ(warm_weight(1, 0s, 10s), 1);
  EXPECT_EQ(warm_weight(7, 0s, 0s), 7);
}

TEST(HoldLevel, stays_while_it_may_and_never_exceeds_the_bound) {
  double level = 0;
  int changes = 0;
  for (std::uint64_t load = 1000; load < 1100; ++load) {
    const double next = hold_level(level, load, 100, 0.25);
    EXPECT_LE(next, 1.25 * static_cast<double>(load) / 100);
    EXPECT_GE(next, 1.12 * static_cast<double>(load) / 100);
    changes += next == level ? 0 : 1;
    level = next;
  }
  EXPECT_LE(changes, 3);
}

}  // namespace
}  // namespace weir
