// The health of endpoints as a machine of four cores learns it: endpoints that die, hang, flap and return; one who asks
// for all; what a reload keeps; what operators say.
#include "upstream/health_view.h"

#include "upstream/testing/health_machine.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using upstream_test::address_of;
using upstream_test::HealthTest;
using Manner = ScriptedServer::Manner;

// ---- active checks

TEST_F(HealthTest, machine_asks_each_endpoint_once_per_period_however_many_cores_it_has) {
  rules_.checks.every = 1s;
  configure();
  world_.run_for(10s);
  for (const auto& server : servers_) {
    EXPECT_GE(server->asked_at.size(), 9U);
    EXPECT_LE(server->asked_at.size(), 12U);
  }
}

TEST_F(HealthTest, dead_endpoint_goes_down_on_every_core_and_comes_back) {
  configure();
  world_.run_for(1s);
  servers_[1]->die();
  world_.run_for(5500ms + 2 * 1100ms + 500ms);  // a period, two quick retries
  for (unsigned core = 0; core < core_count; ++core) EXPECT_EQ(usable(core), "x-x") << core;
  EXPECT_TRUE(
      notes_.told("upstream shop: 10.0.0.2:80 is down: 3 checks failed in a row (any answer), the last by "
                  "connect_refused"))
      << testing::PrintToString(notes_.lines);
  servers_[1]->come_back();
  world_.run_for(5500ms + 1100ms + 500ms);
  for (unsigned core = 0; core < core_count; ++core) EXPECT_EQ(usable(core), "xxx") << core;
  EXPECT_TRUE(notes_.told("10.0.0.2:80 is up again: 2 checks passed in a row"));
}

TEST_F(HealthTest, endpoint_that_accepts_and_hangs_goes_down_within_its_timeouts) {
  configure();
  world_.run_for(1s);
  servers_[0]->manner = Manner::hang;
  world_.run_for(5500ms + 3 * 2s + 2 * 1100ms + 500ms);
  EXPECT_EQ(usable(), "-xx");
  EXPECT_STREQ(endpoint(0)->check_reason.get(), "timed_out");
}

TEST_F(HealthTest, endpoint_that_flaps_below_the_threshold_stays_up) {
  configure();
  world_.run_for(1s);
  for (int round = 0; round < 10; ++round) {
    servers_[2]->manner = Manner::slam;
    const std::size_t asked = servers_[2]->asked_at.size();
    world_.run_until([&] { return servers_[2]->asked_at.size() == asked + 2; });
    servers_[2]->manner = Manner::answer;
    world_.run_until([&] { return servers_[2]->asked_at.size() == asked + 3; });
    world_.run_for(100ms);
    EXPECT_EQ(usable(), "xxx");
  }
}

TEST_F(HealthTest, who_begins_down_gets_nothing_before_its_first_good_answer) {
  rules_.checks.begin_up = false;
  rules_.panic_below_percent = 0;
  configure();
  EXPECT_EQ(usable(), "---");
  EXPECT_EQ(state(0).health().verdict().use, GroupUse::nobody);
  world_.run_for(500ms);
  EXPECT_EQ(usable(), "xxx");
}

TEST_F(HealthTest, checks_may_ask_another_port) {
  ScriptedServer beside(server_reactor_, address_of("10.0.0.1:9000"));
  beside.answer = "!";
  rules_.checks.port = 9000;
  configure({"10.0.0.1:80"});
  world_.run_for(1s);
  EXPECT_EQ(beside.heard.size(), 1U);
  EXPECT_TRUE(servers_[0]->heard.empty());
  beside.stop();
  world_.run_until([&] { return beside.stopped(); });
}

TEST_F(HealthTest, reload_keeps_what_is_known_and_leaves_one_who_asks) {
  rules_.checks.every = 1s;
  configure();
  world_.run_for(1s);
  servers_[1]->die();
  world_.run_for(5s);
  EXPECT_EQ(usable(), "x-x");
  say(2, AdminState::draining);
  configure();
  EXPECT_EQ(usable(3), "x--") << "at once, before anybody asked again";
  const std::size_t asked = servers_[0]->asked_at.size();
  world_.run_for(10s);
  EXPECT_EQ(usable(3), "x--");
  EXPECT_LE(servers_[0]->asked_at.size() - asked, 13U);
}

TEST_F(HealthTest, endpoint_that_leaves_the_configuration_is_asked_no_more) {
  rules_.checks.every = 1s;
  configure();
  world_.run_for(3s);
  configure({"10.0.0.1:80", "10.0.0.2:80"});
  world_.run_for(100ms);
  const std::size_t asked = servers_[2]->asked_at.size();
  world_.run_for(10s);
  EXPECT_EQ(servers_[2]->asked_at.size(), asked);
}

TEST_F(HealthTest, without_checks_what_the_last_one_said_is_forgotten) {
  configure();
  world_.run_for(1s);
  servers_[0]->die();
  world_.run_for(10s);
  EXPECT_EQ(usable(), "-xx");
  rules_.checks.check = nullptr;
  configure();
  world_.settle();
  EXPECT_EQ(usable(), "xxx");
}

TEST_F(HealthTest, when_all_die_all_are_used_and_the_verdict_says_so) {
  configure();
  world_.run_for(1s);
  for (const auto& server : servers_) server->die();
  world_.run_for(15s);
  EXPECT_EQ(usable(), "xxx");
  EXPECT_EQ(state(0).health().verdict().use, GroupUse::panic);
  EXPECT_EQ(state(0).health().verdict().reason, "none_healthy");
}

// ---- what operators say

TEST_F(HealthTest, drained_endpoint_closes_its_idle_connections_and_takes_no_new_request) {
  rules_.checks.check = nullptr;
  configure();
  std::string_view reason;
  Pool* pool = state(0).pick(cluster().balancer(), {}, reason);
  ASSERT_EQ(pool->text(), "10.0.0.1:80");
  upstream_test::Client busy(cores_[0]->shard.reactor);
  upstream_test::Client idle(cores_[0]->shard.reactor);
  busy.scope.spawn(upstream_test::ask(*pool, busy, false));
  idle.scope.spawn(upstream_test::ask(*pool, idle, false));
  world_.settle();
  idle.finish();
  ASSERT_EQ(pool->idle(), 1U);
  say(0, AdminState::draining);
  state(0).look_at_health();
  EXPECT_EQ(pool->idle(), 0U);
  EXPECT_EQ(pool->open(), 1U) << "what is in flight ends by itself";
  EXPECT_EQ(state(0).pick(cluster().balancer(), {}, reason)->text(), "10.0.0.2:80");
  busy.finish();
  EXPECT_EQ(pool->open(), 0U);
  say(0, AdminState::enabled);
  EXPECT_EQ(state(0).pick(cluster().balancer(), {}, reason), pool);
}

TEST_F(HealthTest, nobody_is_picked_when_operators_took_out_all) {
  configure();
  for (std::size_t at = 0; at < 3; ++at) say(at, at == 0 ? AdminState::disabled : AdminState::draining);
  std::string_view reason;
  EXPECT_EQ(state(2).pick(cluster().balancer(), {}, reason), nullptr);
  EXPECT_EQ(state(2).health().verdict().reason, "taken_out_by_operator");
}

TEST_F(HealthTest, what_an_operator_said_outlives_an_endpoint_that_is_away_for_a_while) {
  configure();
  say(0, AdminState::disabled);
  configure({"10.0.0.2:80"});
  for (int churn = 0; churn < 200; ++churn) cluster().health()->endpoint("10.1.0.1:" + std::to_string(1000 + churn));
  configure();
  EXPECT_EQ(usable(), "-xx");
  EXPECT_LE(cluster().health()->endpoints().size(), 4U);
}

}  // namespace
}  // namespace weir
