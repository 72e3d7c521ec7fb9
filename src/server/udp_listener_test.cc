// Clients of a listener of datagrams, on the simulated network, with a service that echoes: who gets a session, who
// gets none and what that costs, and what becomes of sessions when their listener goes.
#include "server/udp_listener.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/limits.h"
#include "contracts/testing/test_shard.h"
#include "net/connect.h"
#include "server/raw_streams.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// The other end of a session: says again what it hears.
class EchoTunnel final : public Duplex {
 public:
  explicit EchoTunnel(Reactor& reactor) : news_(reactor) {}

  Task<Result<std::string_view>> receive(Duration) override {
    while (heard_.empty()) CO_TRY_VOID(co_await news_.wait());
    current_ = std::move(heard_.front());
    heard_.pop_front();
    co_return std::string_view(current_);
  }
  Task<Result<void>> send(std::string_view datagram, Duration) override {
    heard_.emplace_back(datagram);
    news_.raise();
    co_return Result<void>{};
  }
  void finish_sending() override {}

 private:
  Signal news_;
  std::deque<std::string> heard_;
  std::string current_;
};

/// Answers with a tunnel, refuses, or takes for ever.
class TestService final : public Service {
 public:
  enum class Mood : std::uint8_t { echo, refuse, hang };

  Reply handle(Exchange& exchange) const override {
    local = exchange.connection.local;
    if (mood == Mood::refuse) co_return fail(gateway_error(Code::access_denied));
    if (mood == Mood::hang) CO_TRY_VOID(co_await Sleep(exchange.shard.reactor, 1h));
    Answer answer(exchange.arena);
    answer.head.status = 101;
    answer.tunnel = std::make_unique<EchoTunnel>(exchange.shard.reactor);
    co_return answer;
  }
  Effect rehearse(ImaginedRequest&) const override { return {.text = "echoes", .answers = true, .status = 101}; }

  Mood mood = Mood::echo;
  mutable IpAddress local;
};

class NoHttp final : public Handler, public ServerProtocol {
 public:
  Reply handle(Exchange&) override { return refuse(gateway_error(Code::internal)); }
  Answer error_answer(Exchange& exchange, const Error&) override { return Answer(exchange.arena); }
  void begin(Exchange&) override {}
  Task<void> serve(ServerContext&, Inbox&) const override { co_return; }
};

class Witness final : public Observer {
 public:
  void ended(const Exchange&, const Delivery& delivery) override {
    ++exchanges;
    if (delivery.complete) ++complete;
  }
  int exchanges = 0;
  int complete = 0;
};

class Log final : public Notices {
 public:
  void warning(std::string_view text) override { lines.emplace_back(text); }
  std::vector<std::string> lines;
};

class UdpListenerTest : public testing::Test {
 protected:
  UdpListenerTest() { listen(10); }
  ~UdpListenerTest() override {
    for (const Handle each : clients_) shard_.reactor.io().close(each, false);
    server_.abort();
    joins_.spawn(join(server_));
    EXPECT_TRUE(test_.world().run_until([&] { return joins_.running() == 0; }));
    server_.forget_configuration();
  }
  static Task<void> join(ShardServer& server) { co_await server.join(); }

  /// With places for so many.
  void listen(std::uint64_t connections_max) { configure(server_, connections_max); }
  void configure(ShardServer& server, std::uint64_t connections_max) {
    auto route = std::make_shared<Route>();
    route->name = "echo";
    route->service = std::shared_ptr<const Service>(std::shared_ptr<void>(), &service_);
    route->tunnel_idle = 30s;
    auto listener = std::make_shared<RawListener>();
    std::vector<RawRoute> routes;
    routes.push_back({.server_names = {}, .route = std::move(route)});
    listener->routes = RawRoutes(std::move(routes));
    listener->connections_max = connections_max;
    listener->count = count_;
    auto gateway = std::make_shared<Gateway>();
    gateway->limits.memory_bytes = memory_max_;
    gateway->raw_listeners.push_back(std::move(listener));
    shard_.notices = &log_;
    server.configure(std::move(gateway), [](std::shared_ptr<const Snapshot>) {});
  }
  void open() { EXPECT_TRUE(server_.open(plan_)); }

  Handle client() {
    Io& io = shard_.reactor.io();
    const Handle handle = *io.open(plan_.address, SocketKind::datagram);
    clients_.push_back(handle);
    test_.run_to_end(connect_to(handle));
    return handle;
  }
  Task<bool> connect_to(Handle handle) {
    struct Connecting final : Op {
      explicit Connecting(Reactor& reactor) : reactor(reactor) {}
      bool await_ready() { return reactor.io().submit(*this); }
      void await_suspend(std::coroutine_handle<> waiting) { waiter = waiting; }
      void await_resume() const noexcept {}
      void cancel(Error) override {}
      Reactor& reactor;
    } op(shard_.reactor);
    op.kind = Op::Kind::connect;
    op.handle = handle;
    op.data = reinterpret_cast<char*>(&plan_.address);
    co_await op;
    co_return true;
  }
  void say(Handle from, std::string_view datagram) {
    const iovec piece{.iov_base = const_cast<char*>(datagram.data()), .iov_len = datagram.size()};
    shard_.reactor.io().try_send(from, {&piece, 1}, false);
  }
  /// All that has come to a client.
  std::vector<std::string> heard(Handle by) {
    test_.world().settle();
    auto& arrived = test_.network().find(by)->arrived;
    std::vector<std::string> all(arrived.begin(), arrived.end());
    arrived.clear();
    return all;
  }
  std::vector<std::string> answers(Handle to, std::string_view datagram) {
    say(to, datagram);
    return heard(to);
  }
  using Texts = std::vector<std::string>;

  [[nodiscard]] const RawMetrics& counts() const { return shard_.metrics.raw; }

  TestShard test_;
  Shard& shard_ = test_.shard();
  NoHttp nothing_;
  Witness witness_;
  Log log_;
  TestService service_;
  std::array<Observer*, 1> observers_{&witness_};
  RawStreams streams_{observers_};
  Census census_;
  std::shared_ptr<RawCount> count_ = std::make_shared<RawCount>();
  ByteCount memory_max_ = unbounded;
  ShardServer::Parts parts_{
      .traffic = nothing_, .admin = nothing_, .protocol = nothing_, .raw_streams = &streams_, .census = census_};
  ShardServer server_{shard_, parts_};
  ListenerPlan plan_{
      .name = "echo", .address = *socket_address(*parse_endpoint("10.0.0.1:53")), .raw = RawProtocol::udp};
  Scope joins_{shard_.reactor};
  std::vector<Handle> clients_;
};

TEST_F(UdpListenerTest, each_client_has_a_session_until_nothing_moves) {
  open();
  const Handle one = client();
  const Handle two = client();
  EXPECT_EQ(answers(one, "a"), Texts{"a"});
  EXPECT_EQ(answers(two, "b"), Texts{"b"});
  EXPECT_EQ(answers(one, "c"), Texts{"c"});
  EXPECT_EQ(counts().sessions.get(), 2U);
  EXPECT_EQ(service_.local.text(), "10.0.0.1") << "which of our addresses was asked";
  test_.world().run_for(31s);
  EXPECT_EQ(witness_.complete, 2) << "silence is its orderly end";
  EXPECT_EQ(counts().sessions_open.get(), 0U);
}

TEST_F(UdpListenerTest, for_whom_no_place_is_left_costs_no_exchange) {
  listen(1);
  open();
  const Handle first = client();
  const Handle stranger = client();
  EXPECT_EQ(answers(first, "in"), Texts{"in"});
  for (int time = 0; time < 100; ++time) EXPECT_EQ(answers(stranger, "too many"), Texts{});
  EXPECT_EQ(counts().sessions.get(), 1U);
  EXPECT_EQ(counts().datagrams_dropped.get(), 100U);
  EXPECT_EQ(log_.lines.size(), 1U) << "the log hears of all of them together";
  test_.world().run_for(31s);
  EXPECT_EQ(answers(stranger, "now"), Texts{"now"});
}

TEST_F(UdpListenerTest, who_was_refused_is_not_asked_about_again_at_once) {
  open();
  service_.mood = TestService::Mood::refuse;
  const Handle stranger = client();
  for (int time = 0; time < 100; ++time) EXPECT_EQ(answers(stranger, "let me in"), Texts{});
  EXPECT_EQ(witness_.exchanges, 1);
  EXPECT_EQ(counts().datagrams_dropped.get(), 100U);
  service_.mood = TestService::Mood::echo;
  EXPECT_EQ(answers(client(), "somebody else"), Texts{"somebody else"});
  test_.world().run_for(1s);
  EXPECT_EQ(answers(stranger, "now"), Texts{"now"});
}

TEST_F(UdpListenerTest, the_sixty_fifth_that_waits_is_dropped) {
  open();
  service_.mood = TestService::Mood::hang;
  const Handle one = client();
  for (std::size_t time = 0; time < limits::udp_waiting; ++time) answers(one, "x");
  EXPECT_EQ(counts().datagrams_dropped.get(), 0U);
  answers(one, "x");
  EXPECT_EQ(counts().datagrams_dropped.get(), 1U);
}

TEST_F(UdpListenerTest, what_waits_is_bounded_in_bytes) {
  open();
  service_.mood = TestService::Mood::hang;
  const Handle one = client();
  answers(one, std::string(65'507, 'x'));
  EXPECT_EQ(counts().datagrams_dropped.get(), 0U) << "one of the largest has room";
  answers(one, std::string(1000, 'x'));
  EXPECT_EQ(counts().datagrams_dropped.get(), 1U);
  answers(one, "x");
  EXPECT_EQ(counts().datagrams_dropped.get(), 1U) << "and a small one beside it";
}

TEST_F(UdpListenerTest, while_memory_is_short_no_session_begins_and_no_second_datagram_waits) {
  open();
  service_.mood = TestService::Mood::hang;
  const Handle one = client();
  answers(one, "x");
  answers(one, "x");
  EXPECT_EQ(counts().datagrams_dropped.get(), 0U);
  memory_max_ = 1;
  listen(10);
  answers(one, "x");
  EXPECT_EQ(counts().datagrams_dropped.get(), 1U);
  answers(client(), "new");
  EXPECT_EQ(counts().datagrams_dropped.get(), 2U);
  EXPECT_EQ(counts().sessions.get(), 1U);
}

TEST_F(UdpListenerTest, an_empty_datagram_begins_nothing_and_ends_nothing) {
  open();
  const Handle one = client();
  EXPECT_EQ(answers(one, ""), Texts{});
  EXPECT_EQ(counts().sessions.get(), 0U);
  EXPECT_EQ(answers(one, "a"), Texts{"a"});
  EXPECT_EQ(answers(one, ""), Texts{});
  EXPECT_EQ(answers(one, "b"), Texts{"b"});
  EXPECT_EQ(counts().sessions.get(), 1U);
  EXPECT_EQ(counts().datagrams_dropped.get(), 2U);
}

Task<void> count_turns(Reactor& reactor, const Cell& until, std::uint64_t end, unsigned& turns) {
  while (until.get() < end && turns < 10'000) {
    ++turns;
    co_await Yield(reactor);
  }
}

TEST_F(UdpListenerTest, a_flood_of_empty_datagrams_leaves_others_their_turn) {
  open();
  const Handle one = client();
  for (int time = 0; time < 1000; ++time) say(one, "");
  unsigned turns = 0;
  joins_.spawn(count_turns(shard_.reactor, counts().datagrams_dropped, 1000, turns));
  test_.world().settle();
  EXPECT_EQ(counts().datagrams_dropped.get(), 1000U);
  EXPECT_GT(turns, 10U);
}

TEST_F(UdpListenerTest, a_drain_begins_no_session_and_waits_for_those_there_are) {
  open();
  const Handle old = client();
  const Handle late = client();
  EXPECT_EQ(answers(old, "a"), Texts{"a"});
  bool drained = false;
  server_.drain([&] { drained = true; });
  EXPECT_EQ(answers(old, "b"), Texts{"b"});
  EXPECT_EQ(answers(late, "c"), Texts{});
  EXPECT_FALSE(drained);
  EXPECT_TRUE(test_.world().run_until([&] { return drained; }, 31s));
  EXPECT_EQ(witness_.complete, 1);
}

TEST_F(UdpListenerTest, sessions_outlive_a_listener_that_a_reload_takes_away) {
  open();
  const Handle old = client();
  EXPECT_EQ(answers(old, "a"), Texts{"a"});
  server_.close(plan_);
  EXPECT_EQ(answers(client(), "too late"), Texts{});
  EXPECT_EQ(answers(old, "b"), Texts{"b"});
  EXPECT_TRUE(server_.still_drains(plan_));
  test_.world().run_for(31s);
  EXPECT_EQ(witness_.complete, 1);
  EXPECT_FALSE(server_.still_drains(plan_));
}

// The kernel spreads clients over the sockets of an address: one that went would send the others' clients elsewhere.
TEST_F(UdpListenerTest, a_core_keeps_its_socket_while_another_has_a_session) {
  plan_.sessions = std::make_shared<std::atomic<std::uint64_t>>(0);
  open();
  ShardServer other(shard_, parts_);
  configure(other, 10);
  ListenerPlan there = plan_;
  there.address = *socket_address(*parse_endpoint("10.0.0.2:53"));
  EXPECT_TRUE(other.open(there));
  EXPECT_EQ(answers(client(), "a"), Texts{"a"});
  other.close(there);
  server_.close(plan_);
  test_.world().run_for(29s);
  EXPECT_TRUE(other.still_drains(there));
  test_.world().run_for(2s);
  EXPECT_FALSE(server_.still_drains(plan_));
  EXPECT_FALSE(other.still_drains(there));
  joins_.spawn(join(other));
  EXPECT_TRUE(test_.world().run_until([&] { return joins_.running() == 0; }));
  other.forget_configuration();
}

TEST_F(UdpListenerTest, a_listener_that_comes_back_has_its_sessions_still) {
  open();
  const Handle old = client();
  EXPECT_EQ(answers(old, "a"), Texts{"a"});
  server_.close(plan_);
  open();
  EXPECT_EQ(answers(client(), "new"), Texts{"new"});
  EXPECT_EQ(answers(old, "b"), Texts{"b"});
  EXPECT_EQ(counts().sessions.get(), 2U);
}

TEST(RecentRefusals, forget_after_a_while) {
  RecentRefusals refusals;
  const Time now{};
  EXPECT_FALSE(refusals.contains(7, now));
  refusals.add(7, now);
  EXPECT_TRUE(refusals.contains(7, now));
  EXPECT_FALSE(refusals.contains(7 + RecentRefusals::places, now)) << "the same place is not the same client";
  EXPECT_FALSE(refusals.contains(7, now + RecentRefusals::pause));
}

}  // namespace
}  // namespace weir
