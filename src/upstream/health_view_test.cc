// The health of endpoints as a machine of four cores learns it, in virtual time: endpoints that die, hang, flap and
// return; one who asks for all; what a reload keeps; what operators say.
#include "upstream/health_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "base/fault.h"
#include "contracts/testing/test_shard.h"
#include "upstream/cluster_state.h"
#include "upstream/testing/scripted_server.h"
#include "upstream/upstream_test_support.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using upstream_test::address_of;
using Manner = ScriptedServer::Manner;

/// Asks for any answer at all.
class AnyAnswer final : public HealthCheck {
 public:
  Task<ProbeResult> probe(Stream& stream, const ProbeTarget& target) const override {
    Reactor& reactor = stream.reactor();
    if (const auto sent = co_await stream.send("?", 1s); !sent) co_return ProbeResult{.reason = "not_taken"};
    const auto answer = co_await stream.receive(target.deadline - reactor.now());
    if (!answer) co_return ProbeResult{.reason = name_of(answer.error().code)};
    co_return ProbeResult{.passed = !answer->empty(), .reason = answer->empty() ? "closed" : "answered"};
  }
  [[nodiscard]] std::string description() const override { return "any answer"; }
};

class NoteTaker final : public Notices {
 public:
  void warning(std::string_view text) override { lines.emplace_back(text); }
  [[nodiscard]] bool told(std::string_view part) const {
    return std::ranges::any_of(lines, [&](const std::string& line) { return line.contains(part); });
  }
  std::vector<std::string> lines;
};

class FirstOne final : public Balancer {
 public:
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override {
    for (std::uint32_t at = 0; at < facts.endpoints.size(); ++at) {
      if (facts.may_pick(at)) return Pick{.endpoint = at, .reason = "first"};
    }
    return {};
  }
  [[nodiscard]] std::string_view name() const override { return "first"; }
};

struct Core {
  Core(SimNetwork& network, unsigned number) : io(network), shard(number, io, number + 1, executor, resolver) {}
  SimIo io;
  InlineExecutor executor;
  LiteralResolver resolver;
  Shard shard;
};

class HealthTest : public testing::Test {
 protected:
  static constexpr unsigned core_count = 4;

  HealthTest() {
    for (unsigned number = 0; number < core_count; ++number) {
      cores_.push_back(std::make_unique<Core>(network_, number));
      cores_.back()->shard.notices = &notes_;
      world_.add(cores_.back()->shard.reactor);
    }
    world_.add(server_reactor_);
    for (const std::string& address : addresses()) {
      servers_.push_back(std::make_unique<ScriptedServer>(server_reactor_, address_of(address)));
      servers_.back()->answer = "!";
    }
    rules_.checks.check = std::make_shared<AnyAnswer>();
  }
  ~HealthTest() override {
    for (const auto& core : cores_) {
      core->shard.for_each_state([](ShardState& state) { state.stop(); });
      core->shard.scope.cancel(gateway_error(Code::draining));
    }
    for (const auto& server : servers_) server->stop();
    world_.run_until([&] {
      return std::ranges::all_of(cores_, [](const auto& core) { return core->shard.scope.running() == 0; }) &&
             std::ranges::all_of(servers_, [](const auto& server) { return server->stopped(); });
    });
  }

  static std::vector<std::string> addresses() { return {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"}; }

  /// A configuration with the rules as they are; all cores take it over.
  void configure(const std::vector<std::string>& endpoints = addresses()) {
    ClusterSettings settings;
    settings.name = "shop";
    for (const std::string& text : endpoints) settings.endpoints.push_back({.endpoint = *parse_endpoint(text)});
    settings.health = rules_;
    settings.balancer = std::make_unique<FirstOne>();
    settings.protocol = &protocol_;
    clusters_.push_back(std::make_unique<Cluster>(std::move(settings), &states_, core_count));
    for (const auto& core : cores_) cluster().state(core->shard);
  }
  Cluster& cluster() { return *clusters_.back(); }
  ClusterState& state(unsigned core) { return cluster().state(cores_[core]->shard); }

  /// Who may be picked on that core: x or -, an endpoint each.
  std::string usable(unsigned core = 0) {
    state(core).look_at_health();
    std::string text;
    const std::size_t count = state(core).health().group().endpoints;
    for (std::size_t at = 0; at < count; ++at) text += state(core).health().may_be_picked(at) ? 'x' : '-';
    return text;
  }
  std::shared_ptr<EndpointHealth> endpoint(std::size_t at) { return cluster().health()->find(addresses()[at]); }

  void say(std::size_t at, AdminState word) {
    endpoint(at)->admin.set(word);
    cluster().health()->changed();
  }

  /// One attempt that ends so, at the endpoint picked first among those but `avoid`.
  void attempt(unsigned core, std::size_t at, bool good) {
    Shard& shard = cores_[core]->shard;
    FollowedEndpoint& followed = const_cast<HealthView&>(state(core).health()).followed(at);
    followed.count(!good, 1ms);
    if (good)
      followed.succeeded(AnswerPart::head, shard.reactor.now());
    else
      followed.failed(AnswerPart::head, shard.reactor.now());
    world_.settle();
  }

  SimNetwork network_{11};
  SimWorld world_{network_};
  std::vector<std::unique_ptr<Core>> cores_;
  SimIo server_io_{network_};
  Reactor server_reactor_{server_io_, 99};
  std::vector<std::unique_ptr<ScriptedServer>> servers_;
  NoteTaker notes_;
  SharedStates states_;
  HealthRules rules_;
  upstream_test::Script script_;
  upstream_test::FakeProtocol protocol_{script_};
  std::vector<std::unique_ptr<Cluster>> clusters_;
};

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

// ---- what requests tell

TEST_F(HealthTest, errors_in_a_row_on_one_core_eject_an_endpoint_for_all) {
  rules_.checks.check = nullptr;
  configure();
  for (int error = 0; error < 4; ++error) attempt(1, 0, false);
  EXPECT_EQ(usable(), "xxx");
  attempt(1, 0, false);
  for (unsigned core = 0; core < core_count; ++core) EXPECT_EQ(usable(core), "-xx") << core;
  EXPECT_TRUE(notes_.told("10.0.0.1:80 is ejected for 30s: consecutive_errors"));
  world_.run_for(29s);
  EXPECT_EQ(usable(), "-xx");
  world_.run_for(2s);
  EXPECT_EQ(usable(2), "xxx");
}

TEST_F(HealthTest, errors_of_all_cores_make_one_row) {
  rules_.checks.check = nullptr;
  configure();
  for (unsigned core = 0; core < 4; ++core) attempt(core, 0, false);
  EXPECT_EQ(usable(), "xxx");
  attempt(0, 0, false);
  EXPECT_EQ(usable(), "-xx");
}

TEST_F(HealthTest, success_on_any_core_ends_the_row_of_all) {
  rules_.checks.check = nullptr;
  configure();
  for (int error = 0; error < 4; ++error) attempt(1, 0, false);
  world_.run_for(1ms);
  attempt(2, 0, true);
  world_.run_for(1ms);
  for (int error = 0; error < 4; ++error) attempt(1, 0, false);
  EXPECT_EQ(usable(), "xxx");
  attempt(3, 0, false);
  EXPECT_EQ(usable(), "-xx");
}

TEST_F(HealthTest, who_returns_ill_is_ejected_by_its_first_error_for_twice_as_long) {
  rules_.checks.check = nullptr;
  configure();
  for (int error = 0; error < 5; ++error) attempt(0, 0, false);
  world_.run_for(31s);
  EXPECT_EQ(usable(), "xxx");
  attempt(1, 0, false);
  EXPECT_EQ(usable(), "-xx");
  EXPECT_TRUE(notes_.told("10.0.0.1:80 is ejected for 60s"));
}

TEST_F(HealthTest, second_endpoint_stays_when_the_share_is_ejected) {
  rules_.checks.check = nullptr;
  configure();
  for (int error = 0; error < 5; ++error) attempt(0, 0, false);
  for (int error = 0; error < 50; ++error) attempt(0, 1, false);
  EXPECT_EQ(usable(), "-xx");
  EXPECT_TRUE(notes_.told("10.0.0.2:80 fails (consecutive_errors) and stays in use: enough_are_ejected"));
}

TEST_F(HealthTest, when_all_fail_together_the_share_is_ejected_whatever_their_checks_say) {
  rules_.checks.check = nullptr;
  configure();
  for (std::size_t at = 0; at < 3; ++at) {
    for (int error = 0; error < 10; ++error) attempt(0, at, false);
    endpoint(at)->checked.set(CheckState::down);
    cluster().health()->changed();
  }
  for (std::size_t at = 0; at < 3; ++at) endpoint(at)->checked.set(CheckState::up);
  cluster().health()->changed();
  EXPECT_EQ(usable(), "-xx");
}

// Looking at its failures must not hide from whoever picks what its checks have found just before.
TEST_F(HealthTest, who_is_found_down_is_left_at_once_although_its_failures_are_looked_at_first) {
  rules_.checks.check = nullptr;
  configure();
  EXPECT_EQ(usable(), "xxx");
  const auto all_hear = [&](CheckState found) {
    for (unsigned core = 0; core < core_count; ++core) usable(core);
    endpoint(0)->checked.set(found);
    cluster().health()->changed();
    for (unsigned core = 0; core < core_count; ++core) {
      for (int error = 0; error < 10; ++error) attempt(core, 0, false);
    }
    bool heard = true;
    for (unsigned core = 0; core < core_count; ++core)
      heard = const_cast<HealthView&>(state(core).health()).refresh() && heard;
    return heard;
  };
  EXPECT_TRUE(all_hear(CheckState::down));
  world_.run_for(1s);
  const PlantedFault planted(Fault::standing_unheard);
  EXPECT_FALSE(all_hear(CheckState::down)) << "a mistake that is planted is noticed";
}

TEST_F(HealthTest, ejection_survives_a_reload) {
  rules_.checks.check = nullptr;
  configure();
  for (int error = 0; error < 5; ++error) attempt(0, 0, false);
  configure({"10.0.0.3:80", "10.0.0.1:80"});
  EXPECT_EQ(usable(), "x-");
}

TEST_F(HealthTest, endpoint_that_fails_a_third_is_found_beside_its_peers) {
  rules_.checks.check = nullptr;
  configure();
  for (int request = 0; request < 300; ++request) {
    for (std::size_t at = 0; at < 3; ++at) attempt(static_cast<unsigned>(request) % 4, at, at != 1 || request % 3 != 0);
  }
  world_.run_for(11s);
  EXPECT_EQ(usable(), "x-x");
  EXPECT_TRUE(notes_.told("10.0.0.2:80 is ejected for 30s: failure_rate"));
}

TEST_F(HealthTest, checks_that_find_it_up_again_end_an_ejection) {
  configure();
  world_.run_for(1s);
  servers_[0]->die();
  for (int error = 0; error < 5; ++error) attempt(0, 0, false);
  world_.run_for(9s);
  EXPECT_EQ(endpoint(0)->checked.get(), CheckState::down);
  servers_[0]->come_back();
  world_.run_for(8s);
  EXPECT_EQ(usable(), "xxx") << "17 of the 30 seconds are over";
  EXPECT_TRUE(notes_.told("10.0.0.1:80 is used again: its checks pass"));
}

// Found by `./dev bench failures`: its failures of long ago were looked at when the checks passed, and it was ejected
// for them in the moment in which it came back.
TEST_F(HealthTest, who_comes_back_after_its_ejection_is_not_ejected_for_what_has_been) {
  rules_.outliers.ejection = 2s;
  configure();
  world_.run_for(1s);
  servers_[0]->die();
  for (int error = 0; error < 5; ++error) attempt(0, 0, false);
  world_.run_for(20s);
  EXPECT_EQ(endpoint(0)->checked.get(), CheckState::down) << "and its ejection is over";
  servers_[0]->come_back();
  world_.run_for(8s);
  EXPECT_EQ(usable(), "xxx");
  EXPECT_EQ(endpoint(0)->ejections_total.get(), 1U);
  attempt(0, 0, false);
  EXPECT_EQ(usable(), "-xx") << "who returns ill is ejected by its first failure";
}

TEST_F(HealthTest, only_endpoint_there_is_stays) {
  rules_.checks.check = nullptr;
  configure({"10.0.0.1:80"});
  for (int error = 0; error < 20; ++error) attempt(0, 0, false);
  EXPECT_EQ(usable(), "x");
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
