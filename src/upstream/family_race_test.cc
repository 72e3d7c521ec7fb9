// A name with addresses of both families on a network where the way of one is silent, refuses, or is slow: what a
// request notices, who has it, and against whom it is held.
#include "upstream/family_race.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "net/connect.h"
#include "upstream/attempt_test_support.h"
#include "upstream/endpoint_health.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

const std::string six = "[2001:db8::1]:80";
const std::string four = "192.0.2.1:80";

TEST(SiblingDecision, table) {
  const auto told = [](const SiblingFacts& facts) {
    const SiblingVerdict verdict = decide(facts);
    constexpr std::array names{"alone", "wait", "ask", "ask_instead"};
    return std::string(names[static_cast<std::size_t>(verdict.action)]) + ": " + std::string(verdict.reason);
  };
  EXPECT_EQ(told({.first = PoolAction::open}), "wait: may_be_silent");
  EXPECT_EQ(told({.first = PoolAction::open, .delay_over = true}), "ask: silent");
  EXPECT_EQ(told({.first = PoolAction::open, .failed = true}), "ask: failed");
  EXPECT_EQ(told({.first = PoolAction::open, .silent = true}), "ask: silent_before");
  EXPECT_EQ(told({.first = PoolAction::open, .silent = true, .connecting = true}), "ask_instead: silent_before");
  EXPECT_EQ(told({.first = PoolAction::replace, .delay_over = true}), "ask: silent");
  EXPECT_EQ(told({.first = PoolAction::wait}), "wait: may_be_silent");
  EXPECT_EQ(told({.first = PoolAction::wait, .delay_over = true}), "alone: busy");
  EXPECT_EQ(told({.first = PoolAction::wait, .silent = true, .connecting = true, .delay_over = true}),
            "ask_instead: silent_before");
  EXPECT_EQ(told({.first = PoolAction::reuse, .silent = true}), "alone: has_a_connection");
  EXPECT_EQ(told({.first = PoolAction::refuse}), "alone: has_a_connection");
}

/// Sessions that are made up, on connections of the simulated network.
class OnTheNetwork final : public ClientProtocol {
 public:
  explicit OnTheNetwork(upstream_test::Script& script) : script_(script) {}
  Task<Result<std::unique_ptr<ClientSession>>> connect(Shard& shard, const UpstreamAddress& address,
                                                       const UpstreamTimeouts& timeouts,
                                                       Watcher* watcher) const override {
    CO_TRY(const std::unique_ptr<Stream> stream, co_await weir::connect(shard.reactor, address, timeouts.connect));
    co_return std::make_unique<upstream_test::FakeSession>(script_, ++script_.connects, text_of(address.address),
                                                           watcher);
  }

 private:
  upstream_test::Script& script_;
};

/// The name `shop.test`, whose first address is the IPv6 one. Picks take turns, beginning with it.
class FamilyRaceTest : public upstream_test::AttemptTest {
 protected:
  FamilyRaceTest() { resolver.known["shop.test"] = {six, four}; }

  void silence(const std::string& address) {
    script.way_takes[address] = 2s;
    script.connect_fails[address] = upstream_error(Code::connect_timeout).with(Retry::unsent);
  }
  static std::string sent_to(const upstream_test::Trial& trial) {
    return trial.result->has_value() ? std::string(trial.exchange.upstream_endpoint)
                                     : std::string(name_of(trial.result->error().code));
  }
  static std::string reason_of(const upstream_test::Trial& trial) {
    for (const DecisionRecord* each = trial.exchange.first_record(); each != nullptr; each = each->next) {
      if (each->room == "family") return std::string(each->subject) + " " + std::string(each->reason);
    }
    return "";
  }
  static OutlierWindow counted(const Cluster& cluster, const std::string& address) {
    return cluster.health()->endpoint(address)->counted();
  }

  OnTheNetwork protocol_on_network{script};
};

TEST_F(FamilyRaceTest, a_silent_family_costs_the_delay_and_no_more) {
  silence(six);
  const auto shop = cluster({"shop.test:80"});
  const auto trial = run(*shop, Method::post, "content");
  EXPECT_EQ(sent_to(*trial), four);
  EXPECT_EQ(script.sent_to, std::vector<std::string>{four});
  EXPECT_GE(took, 250ms);
  EXPECT_LT(took, 260ms);
  EXPECT_EQ(trial->exchange.attempts, 1U);
  EXPECT_EQ(shard.metrics.retries.get(), 0U);
  EXPECT_EQ(trial->story(), "balance:picked family:asked pool:opened pool:opened");
  EXPECT_EQ(reason_of(*trial), four + " silent");
}

TEST_F(FamilyRaceTest, who_was_silent_is_not_waited_for_again) {
  silence(six);
  const auto shop = cluster({"shop.test:80"});
  run(*shop);
  for (int request = 0; request < 6; ++request) {
    const auto trial = run(*shop);
    EXPECT_EQ(sent_to(*trial), four);
    EXPECT_LT(took, 5ms);
  }
  EXPECT_EQ(script.connects, 2U) << "one connect at a time finds out whether the way is back";
}

TEST_F(FamilyRaceTest, a_connect_that_nobody_waits_for_any_more_is_held_against_its_endpoint) {
  silence(six);
  const auto shop = cluster({"shop.test:80"});
  run(*shop);
  EXPECT_EQ(counted(*shop, six).failures, 0U) << "slow is not ill";
  world.run_for(2s);
  EXPECT_EQ(counted(*shop, six).failures, 1U);
  EXPECT_EQ(counted(*shop, six).requests, 1U);
  EXPECT_EQ(counted(*shop, four).failures, 0U);
  EXPECT_EQ(counted(*shop, four).requests, 1U);
  EXPECT_EQ(shop->health()->endpoint(six)->in_flight(), 0U);
}

TEST_F(FamilyRaceTest, a_way_that_is_back_is_used_again) {
  silence(six);
  const auto shop = cluster({"shop.test:80"});
  run(*shop);
  world.run_for(2s);
  script.way_takes[six] = 1ms;
  script.connect_fails.erase(six);
  script.sent_to.clear();
  for (int request = 0; request < 6; ++request) {
    run(*shop);
    world.run_for(2ms);
  }
  EXPECT_EQ(std::ranges::count(script.sent_to, six), 2) << "every second one, but for the first, which only found out";
}

TEST_F(FamilyRaceTest, a_family_that_refuses_costs_nothing_and_is_no_retry) {
  retries.attempts_max = 1;
  script.connect_fails[six] = upstream_error(Code::connect_refused).with(Retry::unsent);
  const auto shop = cluster({"shop.test:80"});
  const auto trial = run(*shop, Method::post, "content");
  EXPECT_EQ(sent_to(*trial), four);
  EXPECT_LT(took, 5ms);
  EXPECT_EQ(reason_of(*trial), four + " failed");
  EXPECT_EQ(counted(*shop, six).failures, 1U);
  EXPECT_EQ(counted(*shop, four).failures, 0U);
}

TEST_F(FamilyRaceTest, a_slow_way_may_still_win) {
  script.way_takes[six] = 300ms;
  script.way_takes[four] = 500ms;
  const auto shop = cluster({"shop.test:80"});
  const auto trial = run(*shop);
  EXPECT_EQ(sent_to(*trial), six);
  EXPECT_GE(took, 300ms);
  EXPECT_LT(took, 310ms);
  world.run_for(1s);
  const auto next = run(*shop);
  EXPECT_EQ(sent_to(*next), four);
  EXPECT_EQ(next->story(), "balance:picked pool:reused") << "the later connect was for the next";
}

TEST_F(FamilyRaceTest, when_both_are_silent_the_sibling_is_told_of_and_both_are_blamed) {
  retries.attempts_max = 1;
  silence(six);
  silence(four);
  const auto shop = cluster({"shop.test:80"});
  const auto trial = run(*shop);
  EXPECT_EQ(sent_to(*trial), "connect_timeout");
  EXPECT_GE(took, 2250ms);
  EXPECT_LT(took, 2300ms);
  EXPECT_EQ(counted(*shop, six).failures, 1U);
  EXPECT_EQ(counted(*shop, four).failures, 1U);
}

TEST_F(FamilyRaceTest, who_waits_in_line_for_a_busy_endpoint_stays_there) {
  script.answer_takes[six] = 600ms;
  const auto shop = cluster({"shop.test:80"}, {.max = 1, .queue = 4});
  const auto first = std::make_unique<upstream_test::Trial>(shard, Method::get);
  first->scope.spawn(send(*shop, *first));
  world.run_for(5ms);
  run(*shop);  // the other's turn
  const auto second = run(*shop);
  EXPECT_EQ(sent_to(*second), six);
  EXPECT_EQ(reason_of(*second), "");
  EXPECT_TRUE(first->result.has_value());
}

TEST_F(FamilyRaceTest, who_waits_in_line_behind_silence_does_not) {
  silence(six);
  timeouts.queue = 10s;
  const auto shop = cluster({"shop.test:80"}, {.max = 1, .queue = 4});
  std::vector<std::unique_ptr<upstream_test::Trial>> trials;
  for (int request = 0; request < 4; ++request) {
    trials.push_back(std::make_unique<upstream_test::Trial>(shard, Method::get));
    trials.back()->scope.spawn(send(*shop, *trials.back()));
  }
  world.run_for(280ms);
  for (const auto& trial : trials) ASSERT_TRUE(trial->result.has_value());
  for (const auto& trial : trials) EXPECT_EQ(sent_to(*trial), four);
}

TEST_F(FamilyRaceTest, addresses_that_are_written_and_names_of_one_family_have_no_sibling) {
  retries.attempts_max = 1;
  silence(six);
  const auto written = cluster({six, four});
  EXPECT_EQ(sent_to(*run(*written)), "connect_timeout");
  EXPECT_EQ(took, 2s);
  silence("[2001:db8::2]:80");
  resolver.known["shop.test"] = {six, "[2001:db8::2]:80"};
  const auto one_family = cluster({"shop.test:80"});
  EXPECT_EQ(sent_to(*run(*one_family)), "connect_timeout");
}

TEST_F(FamilyRaceTest, a_sibling_that_is_out_of_use_is_not_asked) {
  retries.attempts_max = 1;
  silence(six);
  const auto shop = cluster({"shop.test:80"});
  shop->state(shard);
  world.run_for(10ms);
  shop->health()->endpoint(four)->admin.set(AdminState::draining);
  shop->health()->changed();
  EXPECT_EQ(sent_to(*run(*shop)), "connect_timeout");
  EXPECT_TRUE(script.sent_to.empty());
}

TEST_F(FamilyRaceTest, a_sibling_that_goes_while_the_first_is_waited_for_is_not_asked) {
  retries.attempts_max = 1;
  silence(six);
  const auto shop = cluster({"shop.test:80"});
  const auto trial = std::make_unique<upstream_test::Trial>(shard, Method::get);
  trial->scope.spawn(send(*shop, *trial));
  world.run_for(100ms);
  const auto later = cluster({six});
  later->state(shard);
  world.run_until([&] { return trial->result.has_value(); });
  EXPECT_EQ(sent_to(*trial), "connect_timeout");
}

TEST_F(FamilyRaceTest, a_name_that_goes_while_its_first_is_waited_for_is_left_for_another) {
  silence(six);
  const auto shop = cluster({"shop.test:80"});
  const auto trial = std::make_unique<upstream_test::Trial>(shard, Method::get);
  const Time began = shard.reactor.now();
  trial->scope.spawn(send(*shop, *trial));
  world.run_for(100ms);
  const auto later = cluster({"192.0.2.2:80"});
  later->state(shard);
  world.run_until([&] { return trial->result.has_value(); });
  EXPECT_EQ(sent_to(*trial), "192.0.2.2:80");
  EXPECT_LT(shard.reactor.now() - began, 300ms);
  EXPECT_EQ(trial->exchange.attempts, 1U) << "nobody was asked before";
  EXPECT_EQ(trial->story(), "balance:picked pool:opened pool:refused retry:other_endpoint balance:picked pool:opened");
}

TEST_F(FamilyRaceTest, a_limit_for_the_try_ends_both) {
  timeouts.attempt = 400ms;
  retries.attempts_max = 1;
  silence(six);
  silence(four);
  const auto shop = cluster({"shop.test:80"});
  const auto trial = run(*shop);
  EXPECT_EQ(sent_to(*trial), "attempt_timeout");
  EXPECT_LT(took, 410ms);
}

TEST_F(FamilyRaceTest, within_a_try_that_may_be_hedged_the_answer_is_the_siblings) {
  hedge = {.after = 10s, .share = percent(100)};
  silence(six);
  const auto shop = cluster({"shop.test:80"});
  const auto trial = run(*shop);
  EXPECT_EQ(sent_to(*trial), four);
  EXPECT_GE(took, 250ms);
  EXPECT_LT(took, 260ms);
  EXPECT_EQ(trial->exchange.attempts, 1U);
  EXPECT_EQ(counted(*shop, four).requests, 1U);
  EXPECT_EQ(counted(*shop, six).requests, 0U);
}

TEST_F(FamilyRaceTest, a_hedge_that_is_quicker_than_the_delay_goes_first) {
  hedge = {.after = 20ms, .share = percent(100)};
  silence(six);
  const auto shop = cluster({"shop.test:80"});
  const auto trial = run(*shop);
  EXPECT_EQ(sent_to(*trial), four);
  EXPECT_LT(took, 30ms);
  EXPECT_EQ(reason_of(*trial), "");
  world.run_for(3s);
  EXPECT_EQ(script.sent_to, std::vector<std::string>{four});
}

TEST_F(FamilyRaceTest, a_client_that_stays_at_its_endpoint_is_taken_to_no_sibling) {
  sticky = std::make_shared<const StickyRule>("shop", StickyOptions{.keys = {"a secret that is long enough for it"}});
  silence(six);
  const auto shop = cluster({"shop.test:80"});
  const std::string written = sticky->write(six, shard.reactor.wall_now(), false);
  const auto trial = run(*shop, Method::get, {}, written.substr(0, written.find(';')));
  EXPECT_EQ(trial->story(),
            "sticky:kept pool:opened retry:other_endpoint sticky:picked_anew balance:picked pool:opened");
  EXPECT_EQ(sent_to(*trial), four);
  EXPECT_GE(took, 2s);
}

TEST_F(FamilyRaceTest, a_network_that_swallows_a_family_is_noticed_by_one_request_for_a_quarter_of_a_second) {
  ClusterSettings settings;
  settings.name = "shop";
  settings.endpoints.push_back({.endpoint = *parse_endpoint("shop.test:80")});
  settings.balancer = std::make_unique<upstream_test::Turns>();
  settings.protocol = &protocol_on_network;
  settings.retries = retries;
  const Cluster shop(std::move(settings));
  const SocketAddress silent = upstream_test::address_of(six).address;
  const Handle listening = io.listen(upstream_test::address_of(four).address, {}).value();
  const Handle deaf = io.listen(silent, {}).value();
  network.faults_at(silent).hang_connect = 1;
  std::vector<Duration> times;
  for (int request = 0; request < 20; ++request) {
    const auto trial = run(shop);
    EXPECT_EQ(sent_to(*trial), four);
    times.push_back(took);
  }
  EXPECT_GE(times.front(), 250ms);
  EXPECT_LT(times.front(), 300ms);
  EXPECT_LT(*std::ranges::max_element(times.begin() + 1, times.end()), 50ms);
  world.run_for(3s);
  EXPECT_EQ(counted(shop, six).failures, 1U) << "the connect that timed out at last";
  for (const Handle each : {listening, deaf}) io.close(each, false);
}

/// Any ways and failures: a request is answered whenever one of the families answers, and nothing is left over.
TEST_F(FamilyRaceTest, whatever_happens_who_can_answer_does) {
  Random random(11);
  retries.attempts_max = 1;
  for (int round = 0; round < 200 && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    bool any = false;
    const std::string number = std::to_string(round + 1);
    const std::vector<std::string> addresses{"[2001:db8::" + number + "]:80", "192.0.2." + number + ":80"};
    resolver.known["shop" + number + ".test"] = addresses;
    for (const std::string& each : addresses) {
      script.way_takes[each] = std::chrono::milliseconds{random.below(600)};
      if (random.chance(0.4)) {
        script.connect_fails[each] = upstream_error(Code::connect_timeout).with(Retry::unsent);
      } else {
        any = true;
      }
    }
    const auto shop = cluster({"shop" + number + ".test:80"});
    EXPECT_EQ(run(*shop)->result->has_value(), any);
    world.run_for(1s);
    for (const std::string& each : addresses) EXPECT_EQ(shop->health()->endpoint(each)->in_flight(), 0U);
  }
}

}  // namespace
}  // namespace weir
