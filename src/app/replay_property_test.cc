// A story proves what it tells: a million decisions of random requests under random configurations, read back from the
// bytes of their stories and made again from their recorded facts alone, come to the same verdicts.
//
// The requests go through the real way (server/serve, the filters, upstream/attempt with its balancer and retries); the
// upstreams are made up and fail often. What is made again is compared in verdict, reason and place.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "balancers/round_robin/round_robin.h"
#include "base/random.h"
#include "filters/access/access.h"
#include "filters/body_limit/body_limit.h"
#include "filters/rewrite/rewrite.h"
#include "observers/stories/story.h"
#include "observers/stories/story_ring.h"
#include "route/recorded_route.h"
#include "server/serve.h"
#include "upstream/attempt.h"
#include "upstream/recorded_pick.h"
#include "upstream/retry.h"
#include "upstream/upstream_test_support.h"

namespace weir {
namespace {

constexpr std::size_t decisions_wanted = 1'000'000;
constexpr std::size_t requests_per_world = 2'000;

template <typename T>
const T& one_of(Random& random, const std::vector<T>& choices) {
  return choices[random.below(choices.size())];
}

const std::vector<std::string_view> hosts{"a.test", "b.test", "x.b.test", "c.test"};
const std::vector<std::string_view> paths{"/",       "/cart",    "/cart/7",      "/cart/7/items",
                                          "/api/v1", "/cartoon", "/static/x.css"};
const std::vector<std::string_view> patterns{"/*", "/cart/*", "/cart", "/api/*", "/cart/7/*", "/static/*"};
const std::vector<std::string_view> methods{"GET", "POST", "PUT", "PURGE"};
const std::vector<std::string_view> clients{"10.0.0.1", "10.6.6.6", "192.0.2.7", "2001:db8::7"};
const std::vector<std::string_view> blocks{"10.0.0.0/8", "10.6.6.0/24", "192.0.2.7", "2001:db8::/32", "::/0"};

/// Sends to the cluster it was given, as the proxy service does.
class Send final : public Service {
 public:
  explicit Send(std::shared_ptr<const Cluster> cluster) : cluster_(std::move(cluster)) {}
  Reply handle(Exchange& exchange) const override { return send_to(*cluster_, exchange, exchange.request); }
  Effect rehearse(ImaginedRequest&) const override { return {}; }

 private:
  std::shared_ptr<const Cluster> cluster_;
};

/// The rules of a route, kept beside it so that its decisions can be made again.
struct Rules {
  AccessOptions access;
  ByteCount body_bytes_max = unbounded;
  const Rewrite* rewrite = nullptr;
};

class Replay : public upstream_test::UpstreamTest, private ExchangeHost {
 protected:
  void make_world(std::uint64_t seed) {
    Random random(seed);
    gateway_ = std::make_shared<Gateway>();
    gateway_->hash = "0123456789abcdef0123456789abcdef";
    rules_.clear();
    matches_.clear();
    make_cluster(random);
    std::vector<RouteRule> route_rules;
    const std::size_t count = 1 + random.below(8);
    for (std::uint32_t number = 0; number < count; ++number) {
      route_rules.push_back(random_rule(random, number));
      gateway_->routes.push_back(random_route(random, number));
    }
    gateway_->router = Router(route_rules);
  }

  void play(Random& random) {
    ConnectionFacts connection;
    connection.listener = static_cast<std::uint16_t>(random.below(2));
    connection.client.address = connection.client.peer = IpAddress::parse(one_of(random, clients)).value();
    // Deleted by its last pin.
    Exchange exchange(shard, connection, SnapshotPin(*new ShardSnapshot(gateway_, [](auto) {})), *this);
    ask(random, exchange);
    make_upstream_fail(random);
    Delivery delivery;
    std::optional<Result<Answer>> answer;
    serve_.begin(exchange);
    Scope scope(shard.reactor);
    scope.spawn(keep(serve_.handle(exchange), answer));
    world.run_until([&] { return scope.running() == 0; });
    if (!*answer) delivery.error = exchange.arena.make<Error>(answer->error());
    answer.reset();
    exchange.request_body.reset();
    exchange.finish(delivery);
    alignas(8) std::array<char, story_bytes_max> room;
    const std::size_t bytes = write_story(room.data(), exchange, delivery, WallTime{});
    const Story story = read_story({room.data(), bytes});
    ASSERT_FALSE(story.cut);
    for (const StoryDecision& decision : story.decisions) decide_again(story, decision);
  }

  std::size_t decided_again_ = 0;
  std::map<std::string, std::size_t> by_room_;

 private:
  static Task<void> keep(Reply reply, std::optional<Result<Answer>>& answer) {
    answer.emplace(co_await std::move(reply));
  }

  void make_cluster(Random& random) {
    ClusterSettings settings;
    settings.name = "upstream" + std::to_string(++clusters_);
    settings.place = {intern_file_name("weir.yaml"), 90, 1};
    const std::size_t count = 1 + random.below(5);
    for (std::size_t at = 0; at < count; ++at) {
      settings.endpoints.push_back({.endpoint = *parse_endpoint("10.1.0." + std::to_string(at + 1) + ":80"),
                                    .weight = static_cast<std::uint32_t>(1 + random.below(3))});
    }
    settings.attempts_max = static_cast<unsigned>(1 + random.below(3));
    settings.balancer = std::make_unique<RoundRobin>();
    settings.protocol = &protocol;
    cluster_ = std::make_shared<const Cluster>(std::move(settings));
  }

  RouteRule random_rule(Random& random, std::uint32_t number) {
    RouteRule rule{.route = number, .matches = {}, .listeners = {}, .priority = 0, .place = place_of(number)};
    std::vector<MatchRule>& matches = matches_.emplace_back();
    for (std::size_t left = 1 + random.below(2); left > 0; --left) {
      MatchRule& match = matches.emplace_back();
      if (random.chance(0.5))
        match.host = HostPattern::parse(random.chance(0.3) ? "*.b.test" : one_of(random, hosts)).value();
      match.path = PathPattern::parse(one_of(random, patterns)).value();
      if (random.chance(0.3)) match.methods.emplace_back(one_of(random, methods));
      if (random.chance(0.4)) {
        const auto value = random.chance(0.5) ? std::optional<std::string_view>("blue") : std::nullopt;
        match.headers.push_back(ValuePattern::parse_header(random.chance(0.5) ? "x-tenant" : "x-beta", value).value());
      }
      if (random.chance(0.3)) match.queries.push_back(ValuePattern::parse_query("v", "1").value());
      if (random.chance(0.3)) match.clients.push_back(parse_client(one_of(random, blocks)).value());
    }
    rule.matches = matches;
    if (random.chance(0.2)) rule.listeners.push_back(static_cast<std::uint16_t>(random.below(2)));
    if (random.chance(0.2)) rule.priority = static_cast<std::int32_t>(random.below(3));
    return rule;
  }

  static Place place_of(std::uint32_t number) { return {intern_file_name("weir.yaml"), number + 1, 1}; }

  std::shared_ptr<const Route> random_route(Random& random, std::uint32_t number) {
    auto route = std::make_shared<Route>();
    route->name = "route" + std::to_string(number);
    route->place = place_of(number);
    Rules& rules = rules_[route->name];
    const auto list = [&](std::uint32_t line) {
      std::vector<AccessRule> list;
      for (std::size_t left = 1 + random.below(2); left > 0; --left, ++line)
        list.push_back(
            {.block = Cidr::parse(one_of(random, blocks)).value(), .place = {intern_file_name("weir.yaml"), line, 5}});
      return list;
    };
    if (random.chance(0.5)) rules.access.deny = list(200);
    if (random.chance(0.7) || rules.access.deny.empty()) rules.access.allow = list(300);
    rules.access.allow_place = {intern_file_name("weir.yaml"), 299, 5};
    rules.body_bytes_max = random.below(100);
    route->owned_filters.push_back(std::make_shared<Access>(rules.access));
    route->owned_filters.push_back(
        std::make_shared<BodyLimit>(BodyLimitOptions{.bytes = rules.body_bytes_max, .place = {}}));
    const auto rewrite = std::make_shared<Rewrite>(random_rewrite(random), std::nullopt, place_of(number));
    rules.rewrite = rewrite.get();
    route->owned_filters.push_back(rewrite);
    for (const auto& filter : route->owned_filters) route->filters.push_back(filter.get());
    route->filters_text = "access body_limit rewrite";
    route->service = std::make_shared<Send>(cluster_);
    return route;
  }

  static RewriteOptions random_rewrite(Random& random) {
    RewriteOptions options;
    if (random.chance(0.6)) options.strip_prefix = random.chance(0.7) ? "/cart" : "/api";
    if (random.chance(0.4)) options.add_prefix = "/shop";
    return options;
  }

  static void ask(Random& random, Exchange& exchange) {
    RequestHead& head = exchange.request;
    head.method_text = one_of(random, methods);
    head.method = method_of(head.method_text);
    head.host = head.authority = one_of(random, hosts);
    head.path = head.target = one_of(random, paths);
    if (random.chance(0.3)) head.query = random.chance(0.5) ? "v=1" : "w=2&v=2";
    if (random.chance(0.4)) head.fields.append("x-tenant", random.chance(0.5) ? "blue" : "red");
    if (random.chance(0.4)) head.fields.append("x-beta", "yes");
    head.fields.append(FieldName::cookie, "session=secret");
    if (random.chance(0.5)) return;
    head.framing = random.chance(0.5) ? Framing{.kind = Framing::Kind::chunked}
                                      : Framing{.kind = Framing::Kind::length, .length = random.below(150)};
    exchange.request_body = BodyPointer(exchange.arena.make<FixedBody>("content"));
  }

  void make_upstream_fail(Random& random) {
    script.answers.clear();
    script.bodies.clear();
    script.sent_to.clear();
    script.connect_fails.clear();
    for (unsigned left = 0; left < 3 && random.chance(0.3); ++left) {
      script.answers.push_back(fail(upstream_error(random.chance(0.5) ? Code::peer_closed : Code::first_byte_timeout)
                                        .with(random.chance(0.7) ? Retry::idempotent : Retry::never)));
    }
    if (random.chance(0.3)) {
      script.connect_fails.emplace("10.1.0." + std::to_string(1 + random.below(5)) + ":80",
                                   upstream_error(Code::connect_refused).with(Retry::unsent));
    }
  }

  void decide_again(const Story& story, const StoryDecision& decision) {
    const std::string room(decision.room);
    ++decided_again_;
    ++by_room_[room];
    if (room == "route") return route_again(decision);
    if (room == "access") return access_again(story, decision);
    if (room == "body_limit") return body_limit_again(story, decision);
    if (room == "rewrite") return rewrite_again(story, decision);
    if (room == "pool") return pool_again(decision);
    if (room == "balance") return balance_again(decision);
    if (room == "retry") return retry_again(decision);
    ADD_FAILURE() << "nobody makes the decisions of " << room << " again";
  }

  void route_again(const StoryDecision& decision) {
    BlockPool pool(1);
    Arena arena(pool);
    const auto facts = unpack_route_facts(decision.facts, gateway_->router.fields_asked_for(), arena);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->fields->find(FieldName::cookie), nullptr) << "no rule asks for it";
    const RouteDecision again = gateway_->router.find(*facts);
    EXPECT_EQ(decision.reason, name_of(again.reason));
    EXPECT_EQ(decision.verdict, again.matched() ? "matched" : "refused");
    if (!again.matched()) return;
    EXPECT_EQ(decision.subject, gateway_->routes[again.route]->name);
    EXPECT_EQ(decision.place, gateway_->routes[again.route]->place);
  }

  void access_again(const Story& story, const StoryDecision& decision) {
    const auto client = facts_from<IpAddress>(decision.facts);
    ASSERT_TRUE(client);
    const AccessVerdict again = decide_access(rules_.at(std::string(story.route)).access, *client);
    EXPECT_EQ(decision.verdict, again.allowed ? "allowed" : "denied");
    EXPECT_EQ(decision.reason, again.reason);
    EXPECT_EQ(decision.place, again.place);
  }

  void body_limit_again(const Story& story, const StoryDecision& decision) {
    const auto framing = facts_from<Framing>(decision.facts);
    ASSERT_TRUE(framing);
    const BodyLimitVerdict again = decide_body_limit(rules_.at(std::string(story.route)).body_bytes_max, *framing);
    EXPECT_EQ(decision.verdict, again.action == BodyLimitVerdict::Action::refuse ? "refused" : "counted");
    EXPECT_EQ(decision.reason, again.reason);
  }

  void rewrite_again(const Story& story, const StoryDecision& decision) {
    BlockPool pool(1);
    Arena arena(pool);
    const RewriteVerdict again = rules_.at(std::string(story.route)).rewrite->decide(decision.facts, arena);
    EXPECT_EQ(decision.verdict, again.good ? "applied" : "failed");
    EXPECT_EQ(decision.subject, again.path);
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void pool_again(const StoryDecision& decision) {
    const auto facts = facts_from<PoolFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const PoolVerdict again = decide(*facts);
    EXPECT_EQ(decision.verdict, name_of(again.action));
    EXPECT_EQ(decision.reason, again.reason);
  }

  void balance_again(const StoryDecision& decision) {
    std::vector<EndpointFacts> room;
    const auto facts = unpack_pick_facts(decision.facts, room);
    ASSERT_TRUE(facts);
    const std::optional<Pick> again = cluster_->balancer().pick(*facts);
    ASSERT_TRUE(again);
    EXPECT_EQ(decision.subject, cluster_->settings().endpoints[again->endpoint].endpoint.text());
    EXPECT_EQ(decision.reason, again->reason);
  }

  static void retry_again(const StoryDecision& decision) {
    const auto facts = facts_from<RetryFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const RetryVerdict again = decide(*facts);
    EXPECT_EQ(decision.verdict, name_of(again.action));
    EXPECT_EQ(decision.reason, again.reason);
    EXPECT_EQ(decision.subject, name_of(facts->error.code));
  }

  Task<Result<void>> interim(const ResponseHead&) override { co_return Result<void>{}; }
  void limit_time(Time) override {}

  std::shared_ptr<Gateway> gateway_;
  std::shared_ptr<const Cluster> cluster_;
  std::map<std::string, Rules> rules_;
  std::deque<std::vector<MatchRule>> matches_;  // what the router was made of
  unsigned clusters_ = 0;
  Serve serve_{{}};
};

TEST_F(Replay, million_recorded_decisions_come_out_the_same_from_their_facts) {
  std::uint64_t seed = 4711;
  while (decided_again_ < decisions_wanted && !HasFailure()) {
    make_world(seed);
    Random random(seed++);
    for (std::size_t request = 0; request < requests_per_world && !HasFailure(); ++request) play(random);
  }
  // Each kind was there often enough to mean something.
  for (const std::string_view room : {"route", "access", "body_limit", "rewrite", "balance", "pool", "retry"}) {
    EXPECT_GT(by_room_[std::string(room)], decisions_wanted / 100) << room;
  }
}

}  // namespace
}  // namespace weir
