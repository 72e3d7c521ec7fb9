// One exchange with an upstream whose frames are written by hand. A tunnel to one whose settings offer none goes over a
// connection of another protocol, and leaves the shared one to others.
#include "protocols/h2/client_session.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_exchange.h"
#include "net/listener.h"

namespace weir::h2 {
namespace {

using namespace std::chrono_literals;

constexpr Error disabled = gateway_error(Code::endpoint_disabled);

/// A connection that the detour led to. It answers at once, and holds its lease as long as its tunnel lives.
class Elsewhere final : public ClientSession {
 public:
  explicit Elsewhere(std::optional<Error>& given_up) : given_up_(given_up) {}

  Reply send(Exchange& exchange, const RequestHead&, Body*, const UpstreamTimeouts&, Lease lease) override {
    Answer answer(exchange.arena);
    answer.head.status = 101;
    answer.tunnel = std::make_unique<Tunnel>(std::move(lease));
    co_return answer;
  }
  bool usable() override { return true; }
  void give_up(const Error& why) override { given_up_ = why; }
  [[nodiscard]] std::uint64_t exchanges_carried() const override { return 0; }

 private:
  class Tunnel final : public Duplex {
   public:
    explicit Tunnel(Lease lease) : lease_(std::move(lease)) {}
    Task<Result<std::string_view>> receive(Duration) override { co_return std::string_view(); }
    Task<Result<void>> send(std::string_view, Duration) override { co_return Result<void>{}; }
    void finish_sending() override {}

   private:
    Lease lease_;
  };

  std::optional<Error>& given_up_;
};

/// The protocol of such connections.
class Detour final : public ClientProtocol {
 public:
  Task<Result<std::unique_ptr<ClientSession>>> connect(Shard& shard, const UpstreamAddress&, const UpstreamTimeouts&,
                                                       Watcher*) const override {
    ++asked;
    if (hangs) CO_TRY_VOID(co_await Sleep(shard.reactor, 1h));
    if (fails) co_return fail(*fails);
    co_return std::make_unique<Elsewhere>(given_up);
  }

  bool hangs = false;
  std::optional<Error> fails;
  mutable unsigned asked = 0;
  mutable std::optional<Error> given_up;  // connections it led to
};

/// An upload that stands still behind its first piece.
class StandingUpload final : public Body {
 public:
  explicit StandingUpload(Reactor& reactor) : signal_(reactor) {}
  Task<Result<Piece>> read() override {
    if (!std::exchange(begun_, true)) co_return Piece{.bytes = "a part"};
    CO_TRY_VOID(co_await signal_.wait());
    co_return Piece{.bytes = {}, .end = true};
  }

 private:
  Signal signal_;
  bool begun_ = false;
};

/// SETTINGS without any: neither tunnels nor anything else that is not always there.
const std::string plain_settings("\0\0\0\4\0\0\0\0\0", 9);

class ClientSessionTest : public testing::Test, protected LeaseOwner {
 protected:
  ClientSessionTest() {
    serving_.spawn(serve());
    connection_ = std::make_shared<ClientConnection>(shard_.shard(), address_);
  }
  ~ClientSessionTest() override {
    end_exchange();
    sessions_.clear();
    connection_.reset();
    serving_.cancel(gateway_error(Code::draining));
    EXPECT_TRUE(until([&] { return serving_.running() == 0; }));
    EXPECT_TRUE(until([&] { return shard_.shard().scope.running() == 0; })) << "the connection has ended";
  }

  /// Says what the test wants when it has heard anything, and perhaps hangs up.
  Task<void> serve() {
    const Result<Handle> handle = co_await listener_.accept();
    if (!handle) co_return;
    Stream stream(shard_.shard().reactor, *handle, Origin::client);
    bool spoken = false;
    while (true) {
      const auto received = co_await stream.receive(no_limit);
      if (!received || received->empty()) break;
      if (!std::exchange(spoken, true)) co_await stream.send(upstream_says_, no_limit);
      if (upstream_hangs_up_) break;
    }
    connection_ended_ = true;
  }

  ClientSession& new_session() {
    return *sessions_.emplace_back(std::make_unique<ClientSessionH2>(shard_.shard(), connection_, detour_));
  }
  /// Places are taken before the connection looks whether anybody wants it.
  void run() { shard_.shard().scope.spawn(ClientConnection::run(connection_, {})); }

  void ask_for_tunnel(ClientSession& session) {
    test_.exchange.request.upgrade = "websocket";
    asking_.spawn(ask(session, nullptr));
  }
  Task<void> ask(ClientSession& session, Body* body) {
    static const UpstreamTimeouts timeouts;
    reply_.emplace(
        co_await session.send(test_.exchange, test_.exchange.request, body, timeouts, Lease(*this, session)));
  }
  void end_exchange() {
    for (Scope* const scope : {&asking_, &test_.exchange.scope}) {
      scope->cancel(gateway_error(Code::canceled));
      EXPECT_TRUE(until([&] { return scope->running() == 0; }));
    }
    reply_.reset();
  }
  // As a pool does, but in no time of its own.
  void give_back(ClientSession&, bool healthy) override { ++(healthy ? healthy_leases_ : condemned_leases_); }

  bool until(const std::function<bool()>& done) { return shard_.world().run_until(done, 20s); }

  TestShard shard_;
  const UpstreamAddress address_{*socket_address(*parse_endpoint("10.0.0.9:80"))};
  Listener listener_{shard_.shard().reactor, *Listener::open(shard_.shard().reactor, address_.address, {})};
  Scope serving_{shard_.shard().reactor};
  Scope asking_{shard_.shard().reactor};
  StandingUpload upload_{shard_.shard().reactor};
  TestExchange test_{shard_};
  std::shared_ptr<Detour> detour_ = std::make_shared<Detour>();
  std::shared_ptr<ClientConnection> connection_;
  std::vector<std::unique_ptr<ClientSession>> sessions_;
  std::optional<Result<Answer>> reply_;
  unsigned healthy_leases_ = 0;
  unsigned condemned_leases_ = 0;
  std::string upstream_says_ = plain_settings;
  bool upstream_hangs_up_ = false;
  bool connection_ended_ = false;
};

// Say, a refusal of an upload that is too large: all that is to be said is said, and the connection ends.
TEST_F(ClientSessionTest, answer_that_has_come_whole_outlives_its_connection) {
  const std::string head("\0\0\1\1\4\0\0\0\1\x88", 10);      // HEADERS, END_HEADERS: `:status: 200`
  const std::string content("\0\0\5\0\1\0\0\0\1whole", 14);  // DATA, END_STREAM
  upstream_says_ += head + content;
  upstream_hangs_up_ = true;
  test_.request("POST", "/", "shop.test");
  test_.exchange.request.framing = {.kind = Framing::Kind::chunked};
  ClientSession& session = new_session();
  run();
  asking_.spawn(ask(session, &upload_));
  ASSERT_TRUE(until([&] { return reply_.has_value(); }));
  shard_.world().run_for(1s);
  EXPECT_TRUE(connection_->end_reason());
  ASSERT_TRUE(*reply_) << name_of(reply_->error().code);
  const auto piece = (*reply_)->body->try_read();
  ASSERT_TRUE(piece && *piece);
  EXPECT_EQ((*piece)->bytes, "whole");
  EXPECT_TRUE((*piece)->end);
  end_exchange();
  EXPECT_EQ(condemned_leases_, 1U);
}

TEST_F(ClientSessionTest, tunnel_that_is_not_taken_goes_elsewhere) {
  ClientSession& session = new_session();
  run();
  ask_for_tunnel(session);
  ASSERT_TRUE(until([&] { return reply_.has_value(); }));
  ASSERT_TRUE(*reply_);
  EXPECT_EQ((*reply_)->head.status, 101);
  EXPECT_EQ(detour_->asked, 1U);
  EXPECT_EQ(condemned_leases_, 0U) << "its place in the pool is taken as long as the tunnel lives";
  reply_.reset();
  EXPECT_EQ(condemned_leases_, 1U) << "and the connection serves nobody else";
}

TEST_F(ClientSessionTest, without_a_detour_it_is_refused_and_the_place_is_good_for_others) {
  detour_.reset();
  ClientSession& session = new_session();
  run();
  ask_for_tunnel(session);
  ASSERT_TRUE(until([&] { return reply_.has_value(); }));
  ASSERT_FALSE(*reply_);
  EXPECT_EQ(reply_->error().code, Code::no_extended_connect);
  EXPECT_EQ(healthy_leases_, 1U);
}

TEST_F(ClientSessionTest, its_slot_is_left_to_others) {
  ClientSession& tunnel = new_session();
  while (connection_->has_room()) new_session();
  run();
  ask_for_tunnel(tunnel);
  ASSERT_TRUE(until([&] { return reply_.has_value(); }));
  EXPECT_TRUE(connection_->has_room());
  reply_.reset();
  std::erase_if(sessions_, [&](const auto& each) { return each.get() == &tunnel; });
  new_session();
  EXPECT_FALSE(connection_->has_room()) << "it was left once";
}

TEST_F(ClientSessionTest, the_last_slot_keeps_the_connection_for_who_comes_next) {
  ClientSession& session = new_session();
  run();
  ask_for_tunnel(session);
  ASSERT_TRUE(until([&] { return reply_.has_value(); }));
  shard_.world().run_for(1s);
  EXPECT_FALSE(connection_ended_);
  reply_.reset();
  sessions_.clear();
  EXPECT_TRUE(until([&] { return connection_ended_; }));
}

TEST_F(ClientSessionTest, tunnel_that_is_given_up_on_its_way_elsewhere_was_not_sent) {
  detour_->hangs = true;
  ClientSession& session = new_session();
  run();
  ask_for_tunnel(session);
  ASSERT_TRUE(until([&] { return detour_->asked == 1; }));
  const Time began = shard_.shard().reactor.now();
  session.give_up(disabled);
  ASSERT_TRUE(until([&] { return reply_.has_value(); }));
  EXPECT_LT(shard_.shard().reactor.now() - began, 1s);
  ASSERT_FALSE(*reply_);
  EXPECT_EQ(reply_->error().code, Code::endpoint_disabled);
  EXPECT_EQ(reply_->error().retry, Retry::unsent);
}

TEST_F(ClientSessionTest, tunnel_that_is_given_up_elsewhere_hears_of_it_there) {
  ClientSession& session = new_session();
  run();
  ask_for_tunnel(session);
  ASSERT_TRUE(until([&] { return reply_.has_value(); }));
  session.give_up(disabled);
  ASSERT_TRUE(detour_->given_up);
  EXPECT_EQ(detour_->given_up->code, Code::endpoint_disabled);
}

TEST_F(ClientSessionTest, detour_that_leads_nowhere_is_what_the_request_came_to) {
  detour_->fails = upstream_error(Code::connect_refused).with(Retry::unsent);
  ClientSession& session = new_session();
  run();
  ask_for_tunnel(session);
  ASSERT_TRUE(until([&] { return reply_.has_value(); }));
  ASSERT_FALSE(*reply_);
  EXPECT_EQ(reply_->error().code, Code::connect_refused);
}

}  // namespace
}  // namespace weir::h2
