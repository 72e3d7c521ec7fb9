// Requests that leave the gateway's zone: which do, and what their stories say of it.
#include "upstream/attempt_test_support.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using upstream_test::Trial;

class ZoneTest : public upstream_test::AttemptTest {
 protected:
  std::unique_ptr<Cluster> zoned(RosterRules rules, Duration slow_start = Duration::zero()) {
    ClusterSettings settings;
    settings.name = "shop";
    settings.zone = "here";
    settings.endpoints = {{.endpoint = *parse_endpoint(near), .zone = "here"},
                          {.endpoint = *parse_endpoint(far), .zone = "there"}};
    settings.roster = rules;
    settings.slow_start = slow_start;
    settings.balancer = std::make_unique<upstream_test::Turns>();
    settings.protocol = &protocol;
    return std::make_unique<Cluster>(std::move(settings));
  }
  /// The reason why the request left the zone; empty: it did not.
  static std::string reason_of(const Trial& trial) {
    for (const DecisionRecord* record = trial.exchange.first_record(); record != nullptr; record = record->next) {
      if (record->room == "zone") return std::string(record->subject) + " " + std::string(record->reason);
    }
    return "";
  }

  const std::string near = "10.0.0.1:80";
  const std::string far = "10.0.0.2:80";
};

TEST_F(ZoneTest, what_the_near_server_cannot_bear_goes_elsewhere_as_long_as_it_is_busy) {
  for (const Duration slow_start : {Duration::zero(), Duration(10s)}) {  // weights count a hundred times, or once
    const auto cluster = zoned({.near_in_flight = 1}, slow_start);
    script.answer_takes = {{near, 1s}};
    Trial first(shard, Method::get);
    first.scope.spawn(upstream_test::send(*cluster, first));
    world.run_for(1ms);
    const auto second = run(*cluster);
    EXPECT_EQ(second->exchange.upstream_endpoint, far);
    EXPECT_EQ(reason_of(*second), "here near_full");
    EXPECT_EQ(reason_of(first), "");
    world.run_for(2s);
    script.answer_takes.clear();
    EXPECT_EQ(run(*cluster)->exchange.upstream_endpoint, near);
  }
}

TEST_F(ZoneTest, zone_that_brings_everything_keeps_what_it_has_servers_for) {
  const auto cluster = zoned({.zone_traffic_per_million = 1'000'000});
  int kept = 0;
  for (int request = 0; request < 400; ++request) {
    const auto trial = run(*cluster);
    const bool stayed = trial->exchange.upstream_endpoint == near;
    EXPECT_EQ(reason_of(*trial), stayed ? "" : "here near_share");
    kept += stayed ? 1 : 0;
  }
  EXPECT_NEAR(kept, 200, 50);
}

TEST_F(ZoneTest, without_rules_only_who_finds_nobody_near_leaves) {
  const auto cluster = zoned({});
  for (int request = 0; request < 20; ++request) EXPECT_EQ(reason_of(*run(*cluster)), "");
  cluster->state(shard).set_available(0, false);
  EXPECT_EQ(reason_of(*run(*cluster)), "here none_near");
}

}  // namespace
}  // namespace weir
