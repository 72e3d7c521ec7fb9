// Both sessions at once, in simulated time: a client speaks HTTP/2 to a gateway, whose handler passes requests on in
// HTTP/2 to an origin. When it ends, nothing may be left of any of them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "contracts/testing/test_exchange.h"
#include "protocols/h2/client_session.h"
#include "protocols/h2/protocol.h"
#include "protocols/h2/testing/test_client.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"
#include "runtime/wait_out.h"
#include "server/error_reply.h"
#include "server/protocol_choice.h"
#include "server/shard_server.h"

namespace weir::h2 {

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

/// The other end of a tunnel, which says all it has to say and is gone.
class Farewell final : public Duplex {
 public:
  explicit Farewell(std::string words) : words_(std::move(words)) {}
  Task<Result<std::string_view>> receive(Duration) override {
    saying_ = std::exchange(words_, "");
    co_return saying_;
  }
  Task<Result<void>> send(std::string_view, Duration) override { co_return Result<void>{}; }
  void finish_sending() override {}

 private:
  std::string words_;
  std::string saying_;
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
    if (exchange.request.path == "/through" || exchange.request.path == "/farewell") {
      upgrade = exchange.request.upgrade;
      answer.head.status = 101;
      answer.head.upgrade = "websocket";
      answer.tunnel = std::make_unique<Echo>(exchange.shard.reactor);
      if (exchange.request.path == "/farewell") answer.tunnel = std::make_unique<Farewell>(std::string(100'000, 'f'));
      co_return answer;
    }
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
      CO_TRY_VOID(co_await Sleep(exchange.shard.reactor, std::chrono::hours{1}));
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
  std::string upgrade;
  std::vector<Delivery> deliveries;
  unsigned begun = 0;
  Version version = Version::http_1_0;
};

/// Passes everything on, but what asks for /tunnel.
class Forward final : public Handler, public LeaseOwner {
 public:
  explicit Forward(UpstreamAddress origin) : origin_(origin) {}

  void begin(Exchange& exchange) override {
    ++begun;
    exchange.at_end(*exchange.arena.make<EndsNothing>(deliveries));
    if (lingers > Duration::zero()) exchange.scope.spawn(linger(exchange.shard.reactor));
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
    const Field* const key = exchange.request.fields.find("sec-websocket-key");
    if (key != nullptr) websocket_key = key->value;
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
  /// As a pool does when an operator disables the endpoint.
  void give_up_all(const Error& why) {
    for (const auto& session : sessions_) session->give_up(why);
  }

  Duration lingers{};  ///< how long something of an exchange goes on that hears of no end
  std::vector<Error> errors;
  std::vector<Delivery> deliveries;
  std::string asked_for;
  std::string websocket_key;
  unsigned begun = 0;
  unsigned healthy_leases = 0;
  unsigned condemned_leases = 0;

 private:
  Task<void> linger(Reactor& reactor) {
    Cancellation deaf;
    co_await wait_out(reactor, lingers).under(deaf);
  }

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
  bool until(const std::function<bool()>& done) { return world_.run_until(done, std::chrono::seconds{20}); }

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

}  // namespace weir::h2
