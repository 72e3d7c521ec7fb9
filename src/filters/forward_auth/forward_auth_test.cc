// What the authority is asked, and what follows from its answer: with a made-up authority on a simulated core.
#include "filters/forward_auth/forward_auth.h"

#include <gtest/gtest.h>

#include <deque>

#include "contracts/testing/node_text.h"
#include "contracts/testing/test_exchange.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// What the authority does next, and what it was asked.
struct Script {
  Status status = 200;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::optional<Error> fails;
  Duration takes = Duration::zero();
  std::string asked;  ///< method, target, authority, then fields
  unsigned given_back_healthy = 0;
  unsigned alive = 0;
};

class Authority final : public ClientSession {
 public:
  Authority(Script& script, Reactor& reactor) : script_(script), reactor_(reactor) { ++script_.alive; }
  ~Authority() override { --script_.alive; }

  Reply send(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts&, Lease lease) override {
    EXPECT_EQ(body, nullptr) << "an authority gets no content";
    EXPECT_EQ(head.framing.kind, Framing::Kind::none);
    script_.asked = std::string(head.method_text) + ' ' + std::string(head.path) + (head.has_query ? "?" : "") +
                    std::string(head.query) + ' ' + std::string(head.authority) + '\n';
    for (const Field& field : head.fields) {
      script_.asked += std::string(field.name) + ": " + std::string(field.value) + '\n';
    }
    if (script_.takes > Duration::zero()) CO_TRY_VOID(co_await Sleep(reactor_, script_.takes));
    if (script_.fails) co_return fail(*script_.fails);
    Answer answer(exchange.arena);
    answer.head.status = script_.status;
    for (const auto& [name, value] : script_.fields) answer.head.fields.append(name, value);
    if (!script_.body.empty()) answer.body = BodyPointer(exchange.arena.make<FixedBody>(script_.body));
    lease.mark_healthy();
    ++script_.given_back_healthy;
    co_return answer;
  }
  bool usable() override { return true; }
  [[nodiscard]] std::uint64_t exchanges_carried() const override { return 0; }

 private:
  Script& script_;
  Reactor& reactor_;
};

class Protocol final : public ClientProtocol {
 public:
  explicit Protocol(Script& script) : script_(script) {}
  Task<Result<std::unique_ptr<ClientSession>>> connect(Shard& shard, const UpstreamAddress&, const UpstreamTimeouts&,
                                                       Watcher*) const override {
    co_return std::make_unique<Authority>(script_, shard.reactor);
  }

 private:
  Script& script_;
};

class FirstEndpoint final : public Balancer {
 public:
  [[nodiscard]] std::optional<Pick> pick(const PickFacts&) const override {
    return Pick{.endpoint = 0, .reason = "first"};
  }
  [[nodiscard]] std::string_view name() const override { return "first"; }
};

class Context final : public BuildContext {
 public:
  Context(Diagnostics& diagnostics_in, const ClientProtocol& protocol)
      : BuildContext(diagnostics_in, "forward_auth"), protocol_(protocol) {}
  std::shared_ptr<const Cluster> cluster(const Node& reference) override {
    asked_for = reference.text();
    ClusterSettings settings;
    settings.name = reference.text();
    settings.endpoints.push_back({.endpoint = *parse_endpoint("127.0.0.1:9000")});
    settings.balancer = std::make_unique<FirstEndpoint>();
    settings.protocol = &protocol_;
    return std::make_shared<const Cluster>(std::move(settings));
  }
  std::string asked_for;

 private:
  const ClientProtocol& protocol_;
};

class ForwardAuthTest : public testing::Test {
 protected:
  void build(std::string_view options) {
    Context context(diagnostics, protocol);
    filter = forward_auth_filter().build(node(options), context);
    asked_for = context.asked_for;
    ASSERT_TRUE(filter) << diagnostics.text();
  }
  /// "200", or the code, and then the authority's own words.
  std::string ask(TestExchange& test) {
    const Result<Answer> answer = shard.run_to_end(filter->handle(test.exchange, TestExchange::next(service)));
    reason = test.last_record()->reason;
    if (!answer) return std::string(name_of(answer.error().code));
    std::string text = std::to_string(answer->head.status);
    for (const Field& field : answer->head.fields) {
      text += ' ' + std::string(field.name) + '=' + std::string(field.value);
    }
    if (answer->body != nullptr) text += ' ' + std::string(answer->body->try_read()->value().bytes);
    return text;
  }
  std::string ask() {
    TestExchange test(shard);
    return ask(test);
  }

  Script script;
  Protocol protocol{script};
  TestShard shard;
  CountingService service;
  Diagnostics diagnostics;
  std::unique_ptr<const Filter> filter;
  std::string asked_for;
  std::string reason;
};

TEST_F(ForwardAuthTest, asks_with_the_clients_fields_and_what_was_asked_for) {
  build("http://Auth:9000/verify?app=1");
  EXPECT_EQ(asked_for, "http://Auth:9000");
  TestExchange test(shard);
  test.request("POST", "/cart/7?x=1", "shop.example.com")
      .field("cookie", "a=b")
      .field("authorization", "Bearer t")
      .field("content-type", "text/plain")
      .field("if-none-match", "\"x\"")
      .field("x-forwarded-uri", "/forged")
      .field("x-original-method", "GET")
      .field("x-forwarded-for", "6.6.6.6")
      .client("192.0.2.7")
      .content({Framing::Kind::length, 5}, {"hello"});
  test.exchange.request_id = "id-1";
  test.connection.client = test.exchange.client;
  EXPECT_EQ(ask(test), "200");
  EXPECT_EQ(script.asked,
            "GET /verify?app=1 auth:9000\n"
            "cookie: a=b\n"
            "authorization: Bearer t\n"
            "x-forwarded-for: 192.0.2.7\n"
            "x-forwarded-proto: http\n"
            "x-forwarded-host: shop.example.com\n"
            "via: 1.1 weir\n"
            "cdn-loop: weir\n"
            "x-request-id: id-1\n"
            "x-forwarded-method: POST\n"
            "x-forwarded-uri: /cart/7?x=1\n"
            "x-original-method: POST\n"
            "x-original-uri: /cart/7?x=1\n"
            "x-original-url: http://shop.example.com/cart/7?x=1\n");
  EXPECT_TRUE(test.exchange.request_body) << "the content is for the upstream";
  EXPECT_EQ(test.exchange.attempts, 0U) << "asking is not trying";
}

TEST_F(ForwardAuthTest, only_listed_fields_are_shown_when_there_is_a_list) {
  build("{ to: 'http://auth', request_headers: [Authorization] }");
  TestExchange test(shard);
  test.field("cookie", "a=b").field("authorization", "Bearer t").field("x-a", "1");
  ask(test);
  EXPECT_TRUE(script.asked.starts_with("GET / auth\nauthorization: Bearer t\n")) << script.asked;
  EXPECT_FALSE(script.asked.contains("cookie") || script.asked.contains("x-a"));
}

TEST_F(ForwardAuthTest, listed_fields_reach_the_upstream_from_the_authority_alone) {
  build("{ to: 'http://auth', response_headers: [X-User, x-groups] }");
  script.fields = {{"x-user", "ann"}, {"x-other", "1"}};
  TestExchange test(shard);
  test.field("x-user", "root").field("x-groups", "admin").field("x-a", "1");
  EXPECT_EQ(ask(test), "200");
  const Fields& fields = test.exchange.request.fields;
  EXPECT_EQ(fields.find("x-user")->value, "ann");
  EXPECT_EQ(fields.find("x-groups"), nullptr) << "the authority said nothing of groups";
  EXPECT_EQ(fields.find("x-other"), nullptr);
  EXPECT_TRUE(fields.find("x-a"));
}

TEST_F(ForwardAuthTest, fields_for_the_client_come_with_the_response) {
  build("{ to: 'http://auth', client_headers: [set-cookie] }");
  script.fields = {{"set-cookie", "s=1"}, {"set-cookie", "t=2"}, {"x-user", "ann"}};
  EXPECT_EQ(ask(), "200 set-cookie=s=1 set-cookie=t=2");
}

TEST_F(ForwardAuthTest, refusals_and_redirects_are_given_to_the_client) {
  build("http://auth");
  script.status = 401;
  script.fields = {{"www-authenticate", "Bearer"}, {"date", "today"}, {"content-type", "text/html"}};
  script.body = "log in";
  EXPECT_EQ(ask(), "401 www-authenticate=Bearer content-type=text/html log in");
  EXPECT_EQ(reason, "authority_wants_credentials");
  script.status = 302;
  script.fields = {{"location", "https://sso.example.com/?rd=x"}, {"set-cookie", "s=1"}};
  script.body = "";
  EXPECT_EQ(ask(), "302 location=https://sso.example.com/?rd=x set-cookie=s=1");
  script.status = 403;
  script.fields = {};
  EXPECT_EQ(ask(), "403");
  EXPECT_EQ(service.calls, 0);
}

TEST_F(ForwardAuthTest, failing_authority_lets_nobody_in) {
  build("http://auth");
  script.status = 500;
  EXPECT_EQ(ask(), "bad_authority_answer");
  EXPECT_EQ(reason, "authority_undecided");
  script.status = 404;
  EXPECT_EQ(ask(), "bad_authority_answer");
  script.fails = upstream_error(Code::connect_refused);
  EXPECT_EQ(ask(), "connect_refused");
  EXPECT_EQ(reason, "connect_refused");
  EXPECT_EQ(service.calls, 0);
}

TEST_F(ForwardAuthTest, slow_authority_is_given_up) {
  build("{ to: 'http://auth', timeout: 100ms }");
  script.takes = 10s;
  const Time before = shard.shard().reactor.now();
  EXPECT_EQ(ask(), "first_byte_timeout");
  EXPECT_LT(shard.shard().reactor.now() - before, 1s);
  EXPECT_EQ(service.calls, 0);
}

TEST_F(ForwardAuthTest, answer_that_is_too_long_is_no_answer) {
  build("http://auth");
  script.status = 401;
  script.body = std::string(limits::fetched_body_bytes + 1, 'x');
  EXPECT_EQ(ask(), "body_too_large");
}

TEST_F(ForwardAuthTest, failing_authority_lets_everybody_in_only_when_told_to) {
  build("{ to: 'http://auth', on_error: allow, response_headers: [x-user] }");
  EXPECT_EQ(diagnostics.warnings(), 1U);
  script.fails = upstream_error(Code::connect_refused);
  TestExchange test(shard);
  test.field("x-user", "root");
  EXPECT_EQ(ask(test), "200");
  EXPECT_EQ(reason, "authority_unreachable_allowed");
  EXPECT_EQ(test.exchange.request.fields.find("x-user"), nullptr);
  script.fails.reset();
  script.status = 401;
  EXPECT_EQ(ask(), "401") << "a refusal is no failure";
}

TEST(ForwardAuthDecision, client_that_left_is_never_let_on) {
  using OnError = ForwardAuthOptions::OnError;
  for (const Error& error : {client_error(Code::peer_reset), gateway_error(Code::canceled),
                             gateway_error(Code::request_timeout), gateway_error(Code::draining)}) {
    EXPECT_EQ(decide_forward_auth({.error = error, .on_error = OnError::allow}).action, AuthorityAction::fail)
        << name_of(error.code);
  }
  for (Status status = 100; status < 600; ++status) {
    const AuthorityVerdict verdict = decide_forward_auth({.answered = true, .status = status});
    EXPECT_EQ(verdict.action == AuthorityAction::let_on, status >= 200 && status < 300) << status;
  }
}

TEST_F(ForwardAuthTest, complains_about_what_cannot_be_asked) {
  const auto said = [&](std::string_view options) {
    Diagnostics complaints;
    Context context(complaints, protocol);
    EXPECT_FALSE(forward_auth_filter().build(node(options), context)) << options;
    return complaints.text();
  };
  EXPECT_TRUE(said("{ to: 'http://auth/verify', path: /x }").contains("write it once"));
  EXPECT_TRUE(said("{ to: auth, path: verify }").contains("not a path in its one form"));
  EXPECT_TRUE(said("{ to: auth, path: /a/../b }").contains("not a path in its one form"));
  EXPECT_TRUE(said("{ to: auth, response_headers: [host] }").contains("request's authority"));
  EXPECT_TRUE(said("{ to: auth, client_headers: [content-length] }").contains("framing"));
  EXPECT_TRUE(said("{ }").contains("to"));
  EXPECT_TRUE(said("{ to: [a] }").contains("whom to ask"));
}

}  // namespace
}  // namespace weir
