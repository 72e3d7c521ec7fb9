// Shows: a breaker as requests meet it: what opens it, what a refusal says, and that a probe whose client left is not
// counted for ever. How: requests through the filter, before a service that answers as told.
#include "filters/circuit_breaker/circuit_breaker.h"

#include <gtest/gtest.h>

#include "contracts/shared_states.h"
#include "contracts/testing/conformance.h"
#include "server/error_reply.h"

namespace weir {
namespace {

using std::chrono::seconds;

class KeepingContext final : public BuildContext {
 public:
  KeepingContext(Diagnostics& told, SharedStates& states, std::string path) : BuildContext(told, std::move(path)) {
    shared_states = &states;
  }
  std::shared_ptr<const Cluster> cluster(const Node&) override { return {}; }
};

/// Answers with a status, fails with an error, or is left by its client.
class TellingService final : public Service {
 public:
  Reply handle(Exchange& exchange) const override {
    ++calls;
    if (error) co_return fail(*error);
    Answer answer(exchange.arena);
    answer.head.status = status;
    co_return answer;
  }
  Effect rehearse(ImaginedRequest&) const override { return {}; }

  mutable int calls = 0;
  Status status = 200;
  std::optional<Error> error;
};

class CircuitBreakerTest : public testing::Test {
 protected:
  std::unique_ptr<const Filter> build(std::string_view options, std::string path = "routes[0].circuit_breaker") {
    Diagnostics told;
    KeepingContext context(told, states, std::move(path));
    auto filter = circuit_breaker_filter().build(node(options), context);
    EXPECT_TRUE(filter) << told.text();
    return filter;
  }
  struct Outcome {
    Status status = 0;
    std::string retry_after;
    std::string proxy_status;
    std::string body;
    std::string record;
  };
  Outcome ask(const Filter& filter) {
    TestExchange test(shard);
    test.field("accept", "application/json");
    Result<Answer> answer = shard.run_to_end(filter.handle(test.exchange, TestExchange::next(service)));
    Outcome outcome;
    if (const DecisionRecord* const record = test.last_record()) {
      outcome.record = std::string(record->verdict) + ": " + std::string(record->reason);
    }
    const Answer shown = answer ? std::move(*answer) : error_reply(test.exchange, answer.error());
    outcome.status = shown.head.status;
    outcome.retry_after = shown.head.fields.get(FieldName::retry_after);
    outcome.proxy_status = shown.head.fields.get(FieldName::proxy_status);
    if (shown.body != nullptr) outcome.body = shard.run_to_end(shown.body->read())->bytes;
    return outcome;
  }
  void ask_often(const Filter& filter, unsigned times) {
    for (; times > 0; --times) ask(filter);
  }

  TestShard shard;
  SharedStates states;
  TellingService service;
};

TEST_F(CircuitBreakerTest, conforms) {
  expect_conformance(circuit_breaker_filter(), "{ failures_percent: 30, slow: 2s }");
}

TEST_F(CircuitBreakerTest, opens_refuses_probes_and_closes) {
  const auto filter = build("{ minimum: 10, probes: 2 }");
  service.status = 502;
  ask_often(*filter, 9);
  EXPECT_EQ(ask(*filter).record, "opened: too_many_failed");
  service.calls = 0;
  const Outcome refused = ask(*filter);
  EXPECT_EQ(service.calls, 0);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.retry_after, "5");
  EXPECT_EQ(refused.proxy_status, "weir; error=destination_unavailable; details=\"gateway:circuit_open\"");
  EXPECT_TRUE(refused.body.contains("\"refused-by\":\"circuit_breaker\"")) << refused.body;
  EXPECT_TRUE(refused.body.contains("\"because\":\"open\"")) << refused.body;
  shard.world().run_for(seconds{5});
  service.status = 200;
  EXPECT_EQ(ask(*filter).record, "passed: probe");
  EXPECT_EQ(ask(*filter).record, "closed: probes_succeeded");
  EXPECT_EQ(ask(*filter).record, "passed: closed");
}

TEST_F(CircuitBreakerTest, errors_of_clients_and_refusals_of_filters_behind_it_do_not_open_it) {
  const auto filter = build("{ minimum: 1 }");
  service.error = client_error(Code::body_too_large);
  ask_often(*filter, 30);
  service.error = gateway_error(Code::too_many_in_flight);
  ask_often(*filter, 30);
  EXPECT_EQ(ask(*filter).record, "passed: closed");
}

TEST_F(CircuitBreakerTest, a_probe_that_its_client_left_is_given_back) {
  const auto filter = build("{ minimum: 1, probes: 1 }");
  service.status = 500;
  ask(*filter);
  shard.world().run_for(seconds{5});
  service.error = gateway_error(Code::canceled);
  EXPECT_EQ(ask(*filter).record, "passed: probe");
  EXPECT_EQ(ask(*filter).record, "passed: probe") << "the one before told nothing and is counted no more";
  service = {};
  EXPECT_EQ(ask(*filter).record, "closed: probes_succeeded");
}

TEST_F(CircuitBreakerTest, routes_that_write_the_same_name_share_one_and_a_reload_finds_it_again) {
  service.status = 503;
  {
    const auto one = build("{ name: shop, minimum: 1 }", "routes[0].circuit_breaker");
    ask(*one);
    const auto reloaded = build("{ name: shop, minimum: 1 }", "routes[7].circuit_breaker");
    EXPECT_EQ(ask(*reloaded).record, "refused: open");
  }
  EXPECT_EQ(ask(*build("{ minimum: 1 }")).record, "opened: too_many_failed") << "without a name it stands alone";
}

TEST_F(CircuitBreakerTest, complains_about_what_makes_no_sense) {
  EXPECT_TRUE(complaints_about(circuit_breaker_filter(), "{ statuses: [404] }").contains("no status of a server"));
  EXPECT_TRUE(complaints_about(circuit_breaker_filter(), "{ open: 2m }").contains("open_max is shorter"));
  EXPECT_TRUE(complaints_about(circuit_breaker_filter(), "{ failures_percent: 0 }").contains("1 to 100"));
}

}  // namespace
}  // namespace weir
