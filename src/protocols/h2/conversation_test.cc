// Both sessions at once, in simulated time: a client speaks HTTP/2 to a gateway, whose handler passes requests on in
// HTTP/2 to an origin. What one side says must be what the other hears, and a stream that stands still must hold nobody
// else.
#include <gtest/gtest.h>

#include "base/fault.h"
#include "contracts/testing/test_exchange.h"
#include "protocols/h2/client_session.h"
#include "protocols/h2/protocol.h"
#include "protocols/h2/testing/test_client.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"
#include "server/error_reply.h"
#include "server/protocol_choice.h"
#include "server/shard_server.h"

namespace weir::h2 {
namespace {

using namespace std::chrono_literals;

class NoExecutor final : public Executor {
 public:
  void run(Job) override { ADD_FAILURE() << "nothing here blocks"; }
};
class NoResolver final : public Resolver {
 public:
  Task<Result<ResolvedAddresses>> resolve(Reactor&, const Endpoint&) override {
    co_return fail(gateway_error(Code::resolve_failed));
  }
};

/// Content that comes when a test says so.
class SlowBody final : public Body {
 public:
  SlowBody(Signal& signal, std::string& source, bool& last) : signal_(signal), source_(source), last_(last) {}
  Task<Result<Piece>> read() override {
    while (source_.empty() && !last_) CO_TRY_VOID(co_await signal_.wait());
    reading_ = std::exchange(source_, "");
    co_return Piece{.bytes = reading_, .end = last_};
  }

 private:
  Signal& signal_;
  std::string& source_;
  bool& last_;
  std::string reading_;
};

struct Party {
  Party(SimNetwork& network, SimWorld& world, unsigned seed) : io(network), shard(0, io, seed, executor, resolver) {
    world.add(shard.reactor);
  }
  NoExecutor executor;
  NoResolver resolver;
  SimIo io;
  Shard shard;
};

class EndsNothing final : public Finisher {
 public:
  explicit EndsNothing(std::vector<Delivery>& seen) : seen_(seen) {}
  void finish(const Exchange&, const Delivery& delivery) override { seen_.push_back(delivery); }

 private:
  std::vector<Delivery>& seen_;
};

/// What the origin does with a request, by its path.
class Origin final : public Handler {
 public:
  explicit Origin(Reactor& reactor) : signal(reactor) {}

  void begin(Exchange& exchange) override {
    ++begun;
    exchange.at_end(*exchange.arena.make<EndsNothing>(deliveries));
  }
  Reply handle(Exchange& exchange) override {
    heard.emplace_back(exchange.request.path);
    version = exchange.request.version;
    Answer answer(exchange.arena);
    answer.head.fields.append("x-origin", "yes");
    const std::string_view path = exchange.request.path;
    if (path == "/echo") {
      std::string all;
      while (exchange.request_body != nullptr) {
        CO_TRY(const Piece piece, co_await exchange.request_body->read());
        all += piece.bytes;
        if (piece.end) break;
      }
      const std::string_view kept = exchange.arena.copy(all);
      answer.head.framing = {.kind = Framing::Kind::length, .length = kept.size()};
      answer.body = BodyPointer(exchange.arena.make<FixedBody>(kept));
    } else if (path == "/slow") {
      answer.head.framing = {.kind = Framing::Kind::chunked};
      answer.body = BodyPointer(exchange.arena.make<SlowBody>(signal, source, last));
    } else if (path == "/large") {
      answer.head.framing = {.kind = Framing::Kind::length, .length = large.size()};
      answer.body = BodyPointer(exchange.arena.make<FixedBody>(large));
    } else if (path == "/never") {
      CO_TRY_VOID(co_await Sleep(exchange.shard.reactor, 1h));
    } else {
      answer.head.status = 204;
    }
    co_return answer;
  }
  Answer error_answer(Exchange& exchange, const Error& error) override { return error_reply(exchange, error); }

  Signal signal;
  std::string source;
  bool last = false;
  std::string large = std::string(3'000'000, 'l');
  std::vector<std::string> heard;
  std::vector<Delivery> deliveries;
  unsigned begun = 0;
  Version version = Version::http_1_0;
};

/// The other end of a tunnel, which says again what it hears.
class Echo final : public Duplex {
 public:
  explicit Echo(Reactor& reactor) : signal_(reactor) {}
  Task<Result<std::string_view>> receive(Duration) override {
    while (heard_.empty() && !finished_) CO_TRY_VOID(co_await signal_.wait());
    saying_ = std::exchange(heard_, "");
    co_return saying_;
  }
  Task<Result<void>> send(std::string_view bytes, Duration) override {
    heard_ += bytes;
    signal_.raise();
    co_return Result<void>{};
  }
  void finish_sending() override {
    finished_ = true;
    signal_.raise();
  }

 private:
  Signal signal_;
  std::string heard_;
  std::string saying_;
  bool finished_ = false;
};

/// Passes everything on, but what asks for /tunnel.
class Forward final : public Handler, public LeaseOwner {
 public:
  explicit Forward(UpstreamAddress origin) : origin_(origin) {}

  void begin(Exchange& exchange) override {
    ++begun;
    exchange.at_end(*exchange.arena.make<EndsNothing>(deliveries));
  }
  Reply handle(Exchange& exchange) override {
    static const UpstreamTimeouts timeouts;
    asked_for = exchange.request.upgrade;
    if (exchange.request.path == "/tunnel") {
      websocket_key = exchange.request.fields.find("sec-websocket-key")->value;
      Answer answer(exchange.arena);
      answer.head.status = 101;
      answer.head.upgrade = "websocket";
      answer.tunnel = std::make_unique<Echo>(exchange.shard.reactor);
      co_return answer;
    }
    CO_TRY(std::unique_ptr<ClientSession> made,
           co_await client_protocol().connect(exchange.shard, origin_, timeouts, nullptr));
    ClientSession& session = *sessions_.emplace_back(std::move(made));
    co_return co_await session.send(exchange, exchange.request, exchange.request_body.get(), timeouts,
                                    Lease(*this, session));
  }
  Answer error_answer(Exchange& exchange, const Error& error) override {
    errors.push_back(error);
    return error_reply(exchange, error);
  }
  void give_back(ClientSession&, bool healthy) override { healthy ? ++healthy_leases : ++condemned_leases; }
  void forget_sessions() { sessions_.clear(); }

  std::vector<Error> errors;
  std::vector<Delivery> deliveries;
  std::string asked_for;
  std::string websocket_key;
  unsigned begun = 0;
  unsigned healthy_leases = 0;
  unsigned condemned_leases = 0;

 private:
  UpstreamAddress origin_;
  std::vector<std::unique_ptr<ClientSession>> sessions_;
};

class Conversation : public testing::Test {
 protected:
  Conversation() {
    for (ShardServer* const server : {&origin_server_, &gateway_server_}) {
      server->configure(configuration_, [](std::shared_ptr<const Snapshot>) {});
    }
    EXPECT_TRUE(origin_server_.open({.name = "origin", .address = origin_address_.address}));
    EXPECT_TRUE(gateway_server_.open({.name = "web", .address = gateway_address_.address}));
  }
  ~Conversation() override {
    client_.vanish();
    gateway_server_.abort();
    origin_server_.abort();
    EXPECT_TRUE(world_.run_until([&] { return gateway_server_.connections() == 0; }));
    forward_.forget_sessions();  // nobody holds a lease any more
    gateway_.shard.scope.cancel(gateway_error(Code::draining));
    gateway_.shard.for_each_state([](ShardState& state) { state.stop(); });
    EXPECT_TRUE(world_.run_until([&] {
      return client_.over() && gateway_server_.connections() == 0 && origin_server_.connections() == 0 &&
             gateway_.shard.scope.running() == 0;
    })) << "something is left";
    joins_.spawn(join(gateway_server_));
    joins_.spawn(join(origin_server_));
    EXPECT_TRUE(world_.run_until([&] { return joins_.running() == 0; }));
    EXPECT_EQ(forward_.begun, forward_.deliveries.size()) << "each exchange is finished once";
    EXPECT_EQ(origin_.begun, origin_.deliveries.size());
    for (ShardServer* const server : {&origin_server_, &gateway_server_}) server->forget_configuration();
  }

  static Task<void> join(ShardServer& server) { co_await server.join(); }
  bool until(const std::function<bool()>& done) { return world_.run_until(done, 20s); }

  static UpstreamAddress address_of(std::string_view text) { return {*socket_address(*parse_endpoint(text))}; }

  SimNetwork network_{7};
  SimWorld world_{network_};
  Party origin_party_{network_, world_, 1};
  Party gateway_{network_, world_, 2};
  Party client_party_{network_, world_, 3};
  UpstreamAddress origin_address_ = address_of("10.0.0.2:80");
  UpstreamAddress gateway_address_ = address_of("10.0.0.1:80");
  std::shared_ptr<Gateway> configuration_ = std::make_shared<Gateway>();
  Census census_;
  Origin origin_{origin_party_.shard.reactor};
  Forward forward_{origin_address_};
  ProtocolChoice choice_{server_protocol(), server_protocol()};
  ShardServer origin_server_{origin_party_.shard,
                             {.traffic = origin_, .admin = origin_, .protocol = choice_, .census = census_}};
  ShardServer gateway_server_{gateway_.shard,
                              {.traffic = forward_, .admin = forward_, .protocol = choice_, .census = census_}};
  Scope joins_{client_party_.shard.reactor};
  TestClient client_{client_party_.shard, gateway_address_};
};

TEST_F(Conversation, a_request_and_its_answer_pass_through) {
  const StreamId id = client_.ask("POST", "/echo", "some content", {{"x-a", "b"}});
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_EQ(client_.at(id).status, "200");
  EXPECT_EQ(client_.at(id).content, "some content");
  EXPECT_EQ(client_.at(id).fields["x-origin"], "yes");
  EXPECT_EQ(client_.at(id).fields["content-length"], "12");
  EXPECT_EQ(origin_.version, Version::http_2);
  ASSERT_TRUE(until([&] { return forward_.deliveries.size() == 1; }));
  EXPECT_TRUE(forward_.deliveries[0].complete);
  EXPECT_EQ(forward_.deliveries[0].request_body_bytes, 12U);
  EXPECT_EQ(forward_.deliveries[0].response_body_bytes, 12U);
  EXPECT_EQ(forward_.healthy_leases, 1U);
}

TEST_F(Conversation, many_requests_share_one_connection_to_the_origin) {
  std::vector<StreamId> ids;
  for (int i = 0; i < 60; ++i) ids.push_back(client_.ask("GET", "/none"));
  ASSERT_TRUE(until([&] { return std::ranges::all_of(ids, [&](StreamId id) { return client_.at(id).ended; }); }));
  for (const StreamId id : ids) EXPECT_EQ(client_.at(id).status, "204");
  EXPECT_EQ(origin_server_.connections(), 1U);
  EXPECT_EQ(forward_.healthy_leases, 60U);
}

TEST_F(Conversation, large_content_comes_whole_both_ways) {
  const std::string large(1'000'000, 'u');
  const StreamId up = client_.ask("POST", "/echo", large);
  const StreamId down = client_.ask("GET", "/large");
  ASSERT_TRUE(until([&] { return client_.at(up).ended && client_.at(down).ended; }));
  EXPECT_TRUE(client_.at(up).content == large);
  EXPECT_TRUE(client_.at(down).content == origin_.large);
}

// A slow client stalls its own stream: what is held for it is a few windows and pieces, and others are answered.
TEST_F(Conversation, a_stream_that_stands_still_holds_nobody_else) {
  client_.stop_reading();
  const StreamId stalled = client_.ask("GET", "/large");
  ASSERT_TRUE(until([&] { return client_.at(stalled).content.size() >= 65'535; }));
  const StreamId other = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(other).ended; }));
  world_.run_for(5s);
  EXPECT_EQ(client_.at(stalled).content.size(), 65'535U);
  client_.read_on();
  ASSERT_TRUE(until([&] { return client_.at(stalled).ended; }));
  EXPECT_TRUE(client_.at(stalled).content == origin_.large);
}

TEST_F(Conversation, content_streams_as_it_comes) {
  const StreamId id = client_.ask("GET", "/slow");
  ASSERT_TRUE(until([&] { return client_.at(id).status == "200"; }));
  origin_.source = "first ";
  origin_.signal.raise();
  ASSERT_TRUE(until([&] { return client_.at(id).content == "first "; }));
  EXPECT_FALSE(client_.at(id).ended);
  origin_.source = "second";
  origin_.last = true;
  origin_.signal.raise();
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_EQ(client_.at(id).content, "first second");
}

TEST_F(Conversation, a_request_that_is_taken_back_is_given_up_everywhere) {
  const StreamId id = client_.ask("GET", "/never");
  ASSERT_TRUE(until([&] { return origin_.heard.size() == 1; }));
  client_.take_back(id);
  client_.wake();
  ASSERT_TRUE(until([&] { return forward_.deliveries.size() == 1 && origin_.deliveries.size() == 1; }));
  EXPECT_EQ(forward_.deliveries[0].error->code, Code::peer_reset);
  EXPECT_EQ(gateway_.shard.metrics.h2_streams_reset_by_clients.get(), 1U);
  const StreamId next = client_.ask("GET", "/none");  // both connections go on
  ASSERT_TRUE(until([&] { return client_.at(next).ended; }));
  EXPECT_EQ(origin_server_.connections(), 1U);
}

// The origin never hears of it: a request that is given up before it could be sent is not sent later.
TEST_F(Conversation, a_request_that_is_taken_back_before_it_was_sent_is_never_sent) {
  const StreamId id = client_.ask("GET", "/none");
  client_.take_back(id);
  const StreamId next = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(next).ended; }));
  EXPECT_EQ(forward_.begun, 1U);
}

TEST_F(Conversation, content_shorter_than_declared_is_no_request) {
  const StreamId id = client_.ask("POST", "/echo", "12345", {{"content-length", "9"}});
  ASSERT_TRUE(until([&] { return client_.at(id).reset.has_value(); }));
  EXPECT_EQ(client_.at(id).reset, ErrorCode::protocol_error);
  ASSERT_TRUE(until([&] { return forward_.deliveries.size() == 1; }));
  EXPECT_EQ(forward_.deliveries[0].error->code, Code::bad_length);
}

TEST_F(Conversation, a_tunnel_goes_through_a_stream) {
  const StreamId id = client_.tunnel("/tunnel");
  ASSERT_TRUE(until([&] { return client_.at(id).status == "200"; }));
  EXPECT_EQ(forward_.asked_for, "websocket");
  EXPECT_EQ(forward_.websocket_key.size(), 24U);
  client_.send(id, "hello", false);
  ASSERT_TRUE(until([&] { return client_.at(id).content == "hello"; }));
  client_.send(id, " again", true);
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_EQ(client_.at(id).content, "hello again");
  ASSERT_TRUE(until([&] { return forward_.deliveries.size() == 1; }));
  EXPECT_TRUE(forward_.deliveries[0].complete);
}

TEST_F(Conversation, an_answer_that_opens_no_tunnel_is_never_taken_for_one) {
  const StreamId id = client_.tunnel("/none");  // the origin does not switch, and says 204
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_EQ(client_.at(id).status, "403");
}

TEST_F(Conversation, a_drain_answers_what_is_under_way_and_loses_nothing) {
  const StreamId id = client_.ask("GET", "/slow");
  ASSERT_TRUE(until([&] { return client_.at(id).status == "200"; }));
  bool drained = false;
  gateway_server_.drain([&] { drained = true; });
  ASSERT_TRUE(until([&] { return client_.goaways().size() == 2; }));
  EXPECT_EQ(client_.lasts(), (std::vector<StreamId>{INT32_MAX, id}));
  EXPECT_FALSE(drained);
  origin_.source = "the end";
  origin_.last = true;
  origin_.signal.raise();
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_EQ(client_.at(id).content, "the end");
  ASSERT_TRUE(until([&] { return drained; }));
}

TEST_F(Conversation, an_idle_connection_ends_when_its_time_is_over) {
  const StreamId id = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_TRUE(world_.run_until([&] { return client_.over(); }, 80s));
  EXPECT_EQ(client_.goaways(), std::vector<ErrorCode>{ErrorCode::no_error});
}

TEST_F(Conversation, a_flood_of_pings_ends_the_connection_and_is_counted) {
  for (unsigned i = 0; i < limits::h2_idle_frames_at_once + 100; ++i) client_.frames().ping();
  client_.wake();
  ASSERT_TRUE(until([&] { return !client_.goaways().empty(); }));
  EXPECT_EQ(client_.goaways()[0], ErrorCode::enhance_your_calm);
  ASSERT_TRUE(until([&] { return gateway_server_.connections() == 0; }));
  EXPECT_EQ(gateway_.shard.metrics.h2_connections_ended[static_cast<std::size_t>(Flood::pings)].get(), 1U);
}

TEST_F(Conversation, requests_that_are_taken_back_by_the_hundred_end_the_connection) {
  for (unsigned i = 0; i < limits::h2_resets_at_once + 50; ++i) {
    const StreamId id = client_.ask("GET", "/never");
    world_.run_for(2ms);
    client_.take_back(id);
    world_.run_for(2ms);
    if (!client_.goaways().empty()) break;
  }
  ASSERT_TRUE(until([&] { return !client_.goaways().empty(); }));
  EXPECT_EQ(client_.goaways()[0], ErrorCode::enhance_your_calm);
}

// Planted mistakes must be found: each of these is what the tests above would notice.

TEST_F(Conversation, notices_credit_of_a_stream_that_is_lost) {
  const PlantedFault planted(Fault::stream_credit_lost);
  const StreamId id = client_.ask("POST", "/echo", std::string(200'000, 'u'));
  EXPECT_FALSE(until([&] { return client_.at(id).ended; }));
}

TEST_F(Conversation, notices_credit_of_a_connection_that_is_lost) {
  const PlantedFault planted(Fault::connection_credit_lost);
  const StreamId id = client_.ask("POST", "/echo", std::string(2'000'000, 'u'));
  EXPECT_FALSE(until([&] { return client_.at(id).ended; }));
}

TEST_F(Conversation, notices_a_request_that_is_answered_though_it_was_taken_back) {
  const PlantedFault planted(Fault::h2_reset_unheard);
  const StreamId id = client_.ask("GET", "/never");
  ASSERT_TRUE(until([&] { return origin_.heard.size() == 1; }));
  client_.take_back(id);
  EXPECT_FALSE(until([&] { return forward_.deliveries.size() == 1; }));
}

TEST_F(Conversation, notices_a_request_that_counts_for_ever) {
  const auto leak = [&] {
    const PlantedFault planted(Fault::h2_stream_leaked);
    const StreamId id = client_.ask("GET", "/never");
    until([&] { return origin_.heard.size() == 1; });
    client_.take_back(id);
    until([&] { return forward_.deliveries.size() == 1; });
    client_.vanish();
    until([&] { return gateway_server_.connections() == 0; });
  };
  EXPECT_DEATH(leak(), "a session ends behind its streams");
}

TEST_F(Conversation, an_origin_that_is_gone_is_told_as_unsent) {
  origin_server_.abort();
  world_.run_for(1s);
  const StreamId id = client_.ask("POST", "/echo", "content");
  ASSERT_TRUE(until([&] { return client_.at(id).ended; }));
  EXPECT_EQ(client_.at(id).status, "502");
  ASSERT_EQ(forward_.errors.size(), 1U);
  EXPECT_EQ(forward_.errors[0].code, Code::connect_refused);
  EXPECT_EQ(forward_.errors[0].retry, Retry::unsent);
}

TEST_F(Conversation, an_origin_that_drains_is_left_for_a_new_connection) {
  const StreamId first = client_.ask("GET", "/none");
  ASSERT_TRUE(until([&] { return client_.at(first).ended; }));
  const StreamId slow = client_.ask("GET", "/slow");
  ASSERT_TRUE(until([&] { return client_.at(slow).status == "200"; }));
  origin_server_.drain([] {});
  world_.run_for(1s);
  origin_.source = "kept";
  origin_.last = true;
  origin_.signal.raise();
  ASSERT_TRUE(until([&] { return client_.at(slow).ended; }));
  EXPECT_EQ(client_.at(slow).content, "kept");
}

}  // namespace
}  // namespace weir::h2
