// Endpoints over time: what reloads and resolvers change, and what they must not.
#include "upstream/cluster.h"

#include "upstream/endpoint_health.h"
#include "upstream/upstream_test_support.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using upstream_test::address_of;
using upstream_test::Client;
using upstream_test::FirstOne;

class ClusterTest : public upstream_test::UpstreamTest {
 protected:
  std::unique_ptr<Cluster> cluster(const std::vector<std::string>& endpoints, Duration resolve_every = 30s) {
    ClusterSettings settings;
    settings.name = "shop";
    for (const std::string& text : endpoints) settings.endpoints.push_back({.endpoint = *parse_endpoint(text)});
    settings.resolve_every = resolve_every;
    settings.balancer = std::make_unique<FirstOne>();
    settings.protocol = &protocol;
    return std::make_unique<Cluster>(std::move(settings));
  }
  static std::string picked(const Cluster& cluster, ClusterState& state, std::uint64_t avoid = 0) {
    std::string_view reason;
    Pool* pool = state.pick(cluster.balancer(), {.tried = {&avoid, avoid == 0 ? 0U : 1U}}, reason);
    return pool == nullptr ? "none" : std::string(pool->text());
  }
  /// Waits until the cluster is ready or cannot be.
  Result<void> resolved(ClusterState& state, Duration timeout = 1s) {
    Result<void> outcome = fail(Code::internal, Origin::gateway);
    bool done = false;
    Scope scope(shard.reactor);
    scope.spawn(wait(state, timeout, outcome, done));
    world.run_until([&] { return done; });
    return outcome;
  }

 private:
  static Task<void> wait(ClusterState& state, Duration timeout, Result<void>& outcome, bool& done) {
    outcome = co_await ClusterState::Resolved(state, timeout);
    done = true;
  }
};

TEST_F(ClusterTest, literal_address_needs_no_resolving) {
  const auto shop = cluster({"10.0.0.1:80", "unix:/run/shop.sock"});
  ClusterState& state = shop->state(shard);
  EXPECT_TRUE(state.ready());
  EXPECT_EQ(picked(*shop, state), "10.0.0.1:80");
  EXPECT_EQ(resolver.asked, 0U);
}

TEST_F(ClusterTest, reload_finds_its_connections_again) {
  const auto before = cluster({"10.0.0.1:80"});
  std::string_view reason;
  Pool* pool = before->state(shard).pick(before->balancer(), {}, reason);
  auto client = asking(*pool);
  client->finish();
  const auto after = cluster({"10.0.0.2:80", "10.0.0.1:80"});
  ClusterState& state = after->state(shard);
  EXPECT_EQ(&state, &before->state(shard));
  EXPECT_EQ(state.find(pool->id()), pool);
  EXPECT_EQ(pool->idle(), 1U);
}

TEST_F(ClusterTest, upstream_removed_by_reload_keeps_no_connection_until_it_comes_back) {
  const auto before = cluster({"10.0.0.1:80"});
  std::string_view reason;
  Pool* pool = before->state(shard).pick(before->balancer(), {}, reason);
  auto client = asking(*pool);
  client->finish();
  EXPECT_EQ(pool->idle(), 1U);
  before->retire(shard);
  EXPECT_EQ(pool->open(), 0U);
  // An exchange that began before goes on, and leaves nothing behind.
  auto late = asking(*before->state(shard).pick(before->balancer(), {}, reason));
  EXPECT_EQ(pool->open(), 1U);
  late->finish();
  EXPECT_EQ(pool->open(), 0U);
  const auto after = cluster({"10.0.0.1:80"});
  auto again = asking(*after->state(shard).pick(after->balancer(), {}, reason));
  again->finish();
  EXPECT_EQ(pool->idle(), 1U);
}

TEST_F(ClusterTest, endpoint_removed_by_reload_is_drained_and_then_gone) {
  const auto before = cluster({"10.0.0.1:80"});
  ClusterState& state = before->state(shard);
  std::string_view reason;
  Pool* pool = state.pick(before->balancer(), {}, reason);
  auto busy = asking(*pool);
  auto idle = asking(*pool);
  idle->finish();
  const auto after = cluster({"10.0.0.2:80"});
  after->state(shard);
  world.run_for(5ms);
  EXPECT_EQ(script.alive, 1U);  // the busy one ends with its exchange
  EXPECT_EQ(picked(*after, state), "10.0.0.2:80");
  EXPECT_EQ(picked(*before, before->state(shard)), "10.0.0.2:80");  // the newest configuration rules
  busy->finish();
  world.run_for(5ms);
  EXPECT_EQ(script.alive, 0U);
  const auto again = cluster({"10.0.0.3:80"});
  again->state(shard);
  EXPECT_LE(state.pool_count(), 2U);
}

TEST_F(ClusterTest, endpoint_that_comes_back_opens_its_pool_again) {
  const auto first = cluster({"10.0.0.1:80"});
  ClusterState& state = first->state(shard);
  std::string_view reason;
  Pool* pool = state.pick(first->balancer(), {}, reason);
  auto busy = asking(*pool);
  const auto second = cluster({"10.0.0.2:80"});
  second->state(shard);
  const auto third = cluster({"10.0.0.1:80"});
  third->state(shard);
  busy->finish();
  EXPECT_EQ(state.pick(third->balancer(), {}, reason), pool);
  EXPECT_EQ(pool->idle(), 1U);
}

TEST_F(ClusterTest, name_is_resolved_to_all_its_addresses) {
  resolver.known["shop.test"] = {"10.0.0.1:80", "10.0.0.2:80"};
  const auto shop = cluster({"shop.test:80"});
  ClusterState& state = shop->state(shard);
  EXPECT_FALSE(state.ready());
  EXPECT_TRUE(resolved(state).has_value());
  EXPECT_EQ(picked(*shop, state), "10.0.0.1:80");
  EXPECT_EQ(state.pool_count(), 2U);
  EXPECT_EQ(resolver.asked, 1U);
}

TEST_F(ClusterTest, name_that_does_not_resolve_is_an_error_and_is_asked_again) {
  const auto shop = cluster({"shop.test:80"});
  ClusterState& state = shop->state(shard);
  EXPECT_EQ(resolved(state).error().code, Code::resolve_failed);
  resolver.known["shop.test"] = {"10.0.0.1:80"};
  EXPECT_TRUE(resolved(state).has_value());
}

TEST_F(ClusterTest, slow_resolver_is_not_waited_for_beyond_the_timeout) {
  resolver.known["shop.test"] = {"10.0.0.1:80"};
  resolver.takes = 10s;
  const auto shop = cluster({"shop.test:80"});
  const Time asked = network.now();
  EXPECT_EQ(resolved(shop->state(shard), 1s).error().code, Code::resolve_failed);
  EXPECT_LE(network.now() - asked, 1100ms);
}

TEST_F(ClusterTest, name_is_resolved_again_while_the_cluster_is_used) {
  resolver.known["shop.test"] = {"10.0.0.1:80"};
  const auto shop = cluster({"shop.test:80"}, 30s);
  EXPECT_TRUE(resolved(shop->state(shard)).has_value());
  resolver.known["shop.test"] = {"10.0.0.2:80"};
  shop->state(shard);
  world.run_for(61s);
  EXPECT_EQ(picked(*shop, shop->state(shard)), "10.0.0.2:80");
  const unsigned asked = resolver.asked;
  world.run_for(10min);
  EXPECT_LE(resolver.asked, asked + 2);  // nobody asks on behalf of nobody
}

TEST_F(ClusterTest, answer_that_holds_for_less_is_asked_for_again_sooner) {
  resolver.known["shop.test"] = {"10.0.0.1:80"};
  resolver.holds = 2s;
  const auto shop = cluster({"shop.test:80"}, 30s);
  EXPECT_TRUE(resolved(shop->state(shard)).has_value());
  resolver.known["shop.test"] = {"10.0.0.2:80"};
  shop->state(shard);
  world.run_for(3s);
  EXPECT_EQ(picked(*shop, shop->state(shard)), "10.0.0.2:80");
  resolver.holds = 1h;  // and one that holds for longer, after resolve_every
  world.run_for(3s);
  shop->state(shard);
  resolver.known["shop.test"] = {"10.0.0.3:80"};
  world.run_for(31s);
  EXPECT_EQ(picked(*shop, shop->state(shard)), "10.0.0.3:80");
}

TEST_F(ClusterTest, name_that_stops_resolving_is_asked_for_soon) {
  resolver.known["shop.test"] = {"10.0.0.1:80"};
  const auto shop = cluster({"shop.test:80"}, 30s);
  EXPECT_TRUE(resolved(shop->state(shard)).has_value());
  resolver.known.clear();
  shop->state(shard);
  world.run_for(31s);  // fails, and the address stays
  EXPECT_EQ(picked(*shop, shop->state(shard)), "10.0.0.1:80");
  resolver.known["shop.test"] = {"10.0.0.2:80"};
  world.run_for(6s);
  EXPECT_EQ(picked(*shop, shop->state(shard)), "10.0.0.2:80");
}

TEST_F(ClusterTest, last_good_answer_outlives_a_resolver_that_fails) {
  resolver.known["shop.test"] = {"10.0.0.1:80"};
  const auto shop = cluster({"shop.test:80"}, 30s);
  EXPECT_TRUE(resolved(shop->state(shard)).has_value());
  resolver.known.clear();
  world.run_for(61s);
  EXPECT_GE(resolver.asked, 2U);
  EXPECT_EQ(picked(*shop, shop->state(shard)), "10.0.0.1:80");
}

TEST_F(ClusterTest, endpoint_that_failed_is_avoided_when_there_is_another) {
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  ClusterState& state = shop->state(shard);
  std::string_view reason;
  const std::uint64_t failed = state.pick(shop->balancer(), {}, reason)->id();
  EXPECT_EQ(picked(*shop, state, failed), "10.0.0.2:80");
  const auto alone = cluster({"10.0.0.1:80"});
  EXPECT_EQ(picked(*alone, alone->state(shard), failed), "10.0.0.1:80");
}

TEST_F(ClusterTest, endpoint_that_is_not_available_is_left_out_until_it_comes_back) {
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  ClusterState& state = shop->state(shard);
  state.set_available(0, false);
  EXPECT_EQ(picked(*shop, state), "10.0.0.2:80");
  state.set_drained(1, true);
  EXPECT_EQ(picked(*shop, state), "none");
  state.set_available(0, true);
  EXPECT_EQ(picked(*shop, state), "10.0.0.1:80");
}

TEST_F(ClusterTest, one_that_is_ejected_is_tried_when_all_others_were) {
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"});
  ClusterState& state = shop->state(shard);
  shop->health()->find("10.0.0.3:80")->ejected_until.set(shard.reactor.now() + 1h);
  shop->health()->changed();
  std::string_view reason;
  const Pool* const first = state.pick(shop->balancer(), {}, reason);
  const std::vector<std::uint64_t> one{first->id()};
  const Pool* const second = state.pick(shop->balancer(), {.tried = one}, reason);
  EXPECT_EQ(second->text(), "10.0.0.2:80");
  const std::vector<std::uint64_t> two{first->id(), second->id()};
  EXPECT_TRUE(state.has_other_than(two));
  EXPECT_EQ(state.pick(shop->balancer(), {.tried = two}, reason)->text(), "10.0.0.3:80");
  EXPECT_EQ(reason, "ejected_but_untried");
  const auto alone = cluster({"10.0.0.3:80"});
  EXPECT_FALSE(alone->state(shard).has_other_than(std::vector<std::uint64_t>{alone->state(shard).pool_of(0).id()}));
}

TEST_F(ClusterTest, weight_that_an_operator_said_outlives_a_change_of_the_configuration) {
  SharedStates states;
  const auto configured = [&](std::uint32_t weight) {
    ClusterSettings settings;
    settings.name = "shop";
    for (const char* text : {"10.0.0.1:80", "10.0.0.2:80"})
      settings.endpoints.push_back({.endpoint = *parse_endpoint(text), .weight = weight});
    settings.balancer = std::make_unique<FirstOne>();
    settings.protocol = &protocol;
    return std::make_unique<Cluster>(std::move(settings), &states);
  };
  const auto weight = [&](const Cluster& shop) {
    picked(shop, shop.state(shard));
    return shop.state(shard).endpoints()[0].weight;
  };
  const auto before = configured(2);
  EXPECT_EQ(weight(*before), 2U);
  before->health()->say_weight(*before->health()->find("10.0.0.1:80"), 7);
  EXPECT_EQ(weight(*before), 7U);
  EXPECT_EQ(before->health()->find("10.0.0.1:80")->weight(), 2U) << "as configured";
  const auto after = configured(3);
  EXPECT_EQ(weight(*after), 7U);
  after->health()->say_weight(*after->health()->find("10.0.0.1:80"), 0);
  EXPECT_EQ(weight(*after), 3U);
}

TEST_F(ClusterTest, disabled_endpoint_sends_those_elsewhere_who_wait_for_its_connection) {
  script.connect_takes = 1s;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  ClusterState& state = shop->state(shard);
  auto waiting = asking(state.pool_of(0));
  world.run_for(10ms);
  EXPECT_EQ(state.endpoints()[0].in_flight, 1U);
  shop->health()->say(*shop->health()->find("10.0.0.1:80"), AdminState::disabled, shard.reactor.now(), {});
  state.hear_operator();
  world.run_for(10ms);
  ASSERT_TRUE(waiting->answered);
  EXPECT_EQ(waiting->lease.error().code, Code::no_endpoint);
  EXPECT_EQ(waiting->lease.error().retry, Retry::unsent);
}

TEST_F(ClusterTest, endpoint_that_comes_back_warms_up) {
  ClusterSettings settings;
  settings.name = "shop";
  for (const char* text : {"10.0.0.1:80", "10.0.0.2:80"}) {
    settings.endpoints.push_back({.endpoint = *parse_endpoint(text)});
  }
  settings.slow_start = 10s;
  settings.balancer = std::make_unique<FirstOne>();
  settings.protocol = &protocol;
  const Cluster shop(std::move(settings));
  ClusterState& state = shop.state(shard);
  const auto weights = [&] {
    picked(shop, state);
    return std::pair(state.endpoints()[0].weight, state.endpoints()[1].weight);
  };
  EXPECT_EQ(weights(), std::pair(100U, 100U));  // those of the beginning are warm
  state.set_available(0, false);
  state.set_available(0, true);
  EXPECT_EQ(weights(), std::pair(10U, 100U));
  world.run_for(5s);
  EXPECT_NEAR(weights().first, 50, 2);
  world.run_for(6s);
  EXPECT_EQ(weights(), std::pair(100U, 100U));
}

TEST_F(ClusterTest, load_of_a_pool_stands_in_what_balancers_see) {
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  ClusterState& state = shop->state(shard);
  auto one = asking(state.pool_of(1));
  auto other = asking(state.pool_of(1));
  EXPECT_EQ(state.endpoints()[0].in_flight, 0U);
  EXPECT_EQ(state.endpoints()[1].in_flight, 2U);
  one->finish();
  EXPECT_EQ(state.endpoints()[1].in_flight, 1U);
  other->finish();
  EXPECT_EQ(state.endpoints()[1].in_flight, 0U);
}

}  // namespace
}  // namespace weir
