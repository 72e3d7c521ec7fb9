// The loop around a request: what is tried again, where, and what it leaves on the exchange.
#include "upstream/attempt.h"

#include "upstream/upstream_test_support.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class Turns final : public Balancer {
 public:
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override {
    for (std::uint32_t step = 0; step < facts.endpoints.size(); ++step) {
      const auto at = static_cast<std::uint32_t>((facts.turn + step) % facts.endpoints.size());
      if (facts.may_pick(at)) return Pick{.endpoint = at, .reason = "turn"};
    }
    return {};
  }
  [[nodiscard]] std::string_view name() const override { return "turns"; }
};

class NoHost final : public ExchangeHost {
 public:
  Task<Result<void>> interim(const ResponseHead&) override { co_return Result<void>{}; }
  void limit_time(Time) override {}
};

/// One request and what became of it.
struct Trial {
  Trial(Shard& shard, Method method)
      : exchange(shard, connection, SnapshotPin(*new ShardSnapshot(std::make_shared<Snapshot>(), [](auto) {})), host),
        scope(shard.reactor) {
    exchange.request.method = method;
  }
  ~Trial() {
    result.reset();
    exchange.finish({});
  }
  void with_body(std::string_view bytes) { exchange.request_body = BodyPointer(exchange.arena.make<FixedBody>(bytes)); }
  [[nodiscard]] std::string story() const {
    std::string text;
    for (const DecisionRecord* record = exchange.first_record(); record != nullptr; record = record->next) {
      text += (text.empty() ? "" : " ") + std::string(record->room) + ":" + std::string(record->verdict);
    }
    return text;
  }

  ConnectionFacts connection;
  NoHost host;
  Exchange exchange;
  Scope scope;
  std::optional<Result<Answer>> result;
};

Task<void> send(const Cluster& cluster, Trial& trial) {
  trial.result.emplace(co_await send_to(cluster, trial.exchange, trial.exchange.request));
}

class AttemptTest : public upstream_test::UpstreamTest {
 protected:
  std::unique_ptr<Cluster> cluster(const std::vector<std::string>& endpoints, ConnectionLimits limits = {}) {
    ClusterSettings settings;
    settings.name = "shop";
    for (const std::string& text : endpoints) settings.endpoints.push_back({.endpoint = *parse_endpoint(text)});
    settings.connections = limits;
    settings.balancer = std::make_unique<Turns>();
    settings.protocol = &protocol;
    return std::make_unique<Cluster>(std::move(settings));
  }
  std::unique_ptr<Trial> run(const Cluster& cluster, Method method = Method::get, std::string_view body = {}) {
    auto trial = std::make_unique<Trial>(shard, method);
    if (!body.empty()) trial->with_body(body);
    trial->scope.spawn(send(cluster, *trial));
    world.run_until([&] { return trial->result.has_value(); });
    return trial;
  }
  static Failure stale() { return fail(upstream_error(Code::peer_closed).with(Retry::idempotent)); }
  static Failure unsent() { return fail(upstream_error(Code::peer_reset).with(Retry::unsent)); }
};

TEST_F(AttemptTest, first_answer_is_the_answer) {
  const auto shop = cluster({"10.0.0.1:80"});
  const auto trial = run(*shop);
  EXPECT_EQ((*trial->result)->head.status, 200);
  EXPECT_EQ(trial->exchange.attempts, 1U);
  EXPECT_EQ(trial->exchange.upstream_name, "shop");
  EXPECT_EQ(trial->exchange.upstream_endpoint, "10.0.0.1:80");
  EXPECT_EQ(trial->story(), "balance:picked pool:opened");
}

TEST_F(AttemptTest, idempotent_request_on_a_stale_connection_gets_a_fresh_one) {
  const auto shop = cluster({"10.0.0.1:80"});
  run(*shop);
  script.answers.push_back(stale());
  const auto trial = run(*shop, Method::put, "content");
  EXPECT_TRUE(trial->result->has_value());
  EXPECT_EQ(trial->exchange.attempts, 2U);
  EXPECT_EQ(trial->story(), "balance:picked pool:reused retry:fresh_connection pool:opened");
  EXPECT_EQ(script.bodies[1], "content");
  EXPECT_EQ(script.bodies[2], "content");
  EXPECT_EQ(shard.metrics.retries.get(), 1U);
}

TEST_F(AttemptTest, post_on_a_stale_connection_is_not_sent_again) {
  const auto shop = cluster({"10.0.0.1:80"});
  run(*shop);
  script.answers.push_back(stale());
  const auto trial = run(*shop, Method::post, "once");
  EXPECT_EQ(trial->result->error().code, Code::peer_closed);
  EXPECT_EQ(trial->result->error().origin, Origin::upstream);
  EXPECT_EQ(trial->story(), "balance:picked pool:reused retry:gave_up");
}

TEST_F(AttemptTest, fresh_connection_that_closes_is_the_answer) {
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  script.answers.push_back(stale());
  const auto trial = run(*shop);
  EXPECT_EQ(trial->result->error().code, Code::peer_closed);
  EXPECT_EQ(trial->exchange.attempts, 1U);
}

TEST_F(AttemptTest, endpoint_that_refuses_is_left_for_another_even_by_a_post) {
  script.connect_fails["10.0.0.1:80"] = upstream_error(Code::connect_refused).with(Retry::unsent);
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run(*shop, Method::post, "once");
  ASSERT_TRUE(trial->result->has_value());
  EXPECT_EQ(script.sent_to, std::vector<std::string>{"10.0.0.2:80"});
  EXPECT_EQ(trial->exchange.upstream_endpoint, "10.0.0.2:80");
  EXPECT_EQ(script.bodies.back(), "once");
}

TEST_F(AttemptTest, only_endpoint_that_refuses_is_an_error_at_once) {
  script.connect_fails["10.0.0.1:80"] = upstream_error(Code::connect_refused).with(Retry::unsent);
  const auto shop = cluster({"10.0.0.1:80"});
  const auto trial = run(*shop);
  EXPECT_EQ(trial->result->error().code, Code::connect_refused);
  EXPECT_EQ(script.connects, 1U);
}

TEST_F(AttemptTest, attempts_are_counted_and_end) {
  for (const char* address : {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"}) {
    script.connect_fails[address] = upstream_error(Code::connect_refused).with(Retry::unsent);
  }
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"});
  const auto trial = run(*shop);
  EXPECT_EQ(trial->result->error().code, Code::connect_refused);
  EXPECT_EQ(trial->exchange.attempts, limits::attempts);
}

TEST_F(AttemptTest, body_too_large_to_keep_is_sent_once) {
  const auto shop = cluster({"10.0.0.1:80"});
  run(*shop);
  script.answers.push_back(stale());
  const std::string large(limits::replay_bytes + 1, 'x');
  const auto trial = run(*shop, Method::put, large);
  EXPECT_EQ(trial->result->error().code, Code::peer_closed);
}

TEST_F(AttemptTest, unsent_request_without_body_is_sent_again_whatever_its_method) {
  const auto shop = cluster({"10.0.0.1:80"});
  run(*shop);
  script.answers.push_back(unsent());
  const auto trial = run(*shop, Method::post);
  EXPECT_TRUE(trial->result->has_value());
  EXPECT_EQ(trial->exchange.attempts, 2U);
}

TEST_F(AttemptTest, unresolvable_upstream_is_an_error_of_the_upstream) {
  const auto shop = cluster({"nowhere.test:80"});
  const auto trial = run(*shop);
  EXPECT_EQ(trial->result->error().code, Code::resolve_failed);
  EXPECT_EQ(trial->result->error().origin, Origin::upstream);
}

// A reload takes the endpoint away while a request waits for a connection to it, and what comes instead is a name that
// still has to be resolved (found by ./dev sim: the request was refused with no_endpoint).
TEST_F(AttemptTest, request_in_line_waits_for_the_names_of_a_new_configuration) {
  const auto before = cluster({"10.0.0.1:80"}, {.max = 1, .queue = 1});
  auto holder = client();
  std::string_view reason;
  Pool* pool = before->state(shard).pick(before->balancer(), {}, reason);
  holder->scope.spawn(upstream_test::ask(*pool, *holder, false));
  world.settle();
  auto trial = std::make_unique<Trial>(shard, Method::post);
  trial->scope.spawn(send(*before, *trial));
  world.settle();
  EXPECT_FALSE(trial->result.has_value());

  resolver.known["shop.test"] = {"10.0.0.2:80"};
  const auto after = cluster({"shop.test:80"});
  after->state(shard);
  world.run_until([&] { return trial->result.has_value(); });
  ASSERT_TRUE(trial->result->has_value());
  EXPECT_EQ(script.sent_to, std::vector<std::string>{"10.0.0.2:80"});
  holder->finish();
}

TEST_F(AttemptTest, cluster_without_endpoints_is_an_error_of_the_gateway) {
  const auto shop = cluster({});
  const auto trial = run(*shop);
  EXPECT_EQ(trial->result->error().code, Code::no_endpoint);
}

}  // namespace
}  // namespace weir
