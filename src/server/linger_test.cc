// Ends of connections whose handshake is not over yet (0-RTT): they wait for it, and never for longer than they may.
// The client's side of TLS is the library's own, over a plain stream.
#include "server/linger.h"

#include <gtest/gtest.h>

#include <exception>
#include <utility>

#include "contracts/testing/test_shard.h"
#include "net/connect.h"
#include "net/listener.h"
#include "net/tls/handshake.h"
#include "net/tls/server_context.h"
#include "net/tls/testing/early_asker.h"
#include "net/tls/testing/test_authority.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// A client that has just been answered before its handshake was over, and whoever serves it.
class EarlyEnd : public testing::Test, private ServerContext {
 protected:
  EarlyEnd() {
    const tls::TestCertificate made = tls::test_root().issue({.names = {"shop.test"}});
    std::vector<tls::Finding> findings;
    context_ = tls::ServerContext::make(
                   {.shown = {{tls::Identity::read(made.certificate, made.key, tls::certificate_time(), findings)}},
                    .tickets = std::make_shared<tls::TicketKeys>(),
                    .early_data = std::make_shared<tls::HelloRecord>()})
                   .value();
    const auto engine = accept();
    EXPECT_FALSE(engine->shake(client_.shake({})).value());
    EXPECT_TRUE(engine->shake(client_.shake(engine->owed())).value());
    client_.keep_ticket(engine->owed());
    client_.resume();
    run(connect());
    EXPECT_TRUE(served_->tls()->early);
  }
  ~EarlyEnd() override {
    scope_.cancel(gateway_error(Code::draining));
    test_.world().run_until([&] { return scope_.running() == 0; });
  }

  void run(Task<void> task) {
    scope_.spawn(std::move(task));
    EXPECT_TRUE(test_.world().run_until([&] { return scope_.running() == 0; }));
  }
  /// \returns  how long it took
  Duration await(Duration patience) {
    const Time begun = reactor_.now();
    ended_.reset();
    run(end(patience));
    return *ended_ - begun;
  }
  /// The client says something in so long.
  void say_in(Duration when, std::string bytes) { scope_.spawn(say(when, std::move(bytes))); }

  Task<void> end(Duration patience) {
    co_await await_handshake(*served_, patience);
    ended_ = reactor_.now();
  }
  Task<void> say(Duration when, std::string bytes) {
    co_await Sleep(reactor_, when);
    static_cast<void>(co_await wire_->send(bytes, 1s));
  }
  Task<void> close_in(Duration when) {
    co_await Sleep(reactor_, when);
    wire_->shut_down_sending();
  }
  Task<void> hear() {
    while (true) {
      const auto received = co_await wire_->receive(100ms);
      if (!received || received->empty()) co_return;
      heard_.append(received->data(), received->size());
    }
  }
  Task<void> linger_on() { co_await linger(*this, *served_); }

  tls::EarlyAsker client_;
  TestShard test_;
  Reactor& reactor_ = test_.shard().reactor;
  std::string heard_;  // by the client, from the server's first flight on
  std::unique_ptr<Stream> served_;
  std::unique_ptr<Stream> wire_;
  Scope scope_{reactor_};

 private:
  Shard& shard() override { return test_.shard(); }
  Handler& handler() override { std::terminate(); }
  const ConnectionFacts& facts() const override { std::terminate(); }
  SnapshotPin pin() override {
    return SnapshotPin(*new ShardSnapshot(std::make_shared<Snapshot>(), [](const std::shared_ptr<const Snapshot>&) {}));
  }
  bool ending() const override { return false; }
  bool draining() const override { return false; }
  void watch_drain(DrainWatcher*) override {}
  void set_idle(bool) override {}

  std::unique_ptr<tls::Engine> accept() {
    return context_->accept(test_.shard().tls_bench, reactor_.now(), reactor_.wall_now());
  }
  Task<void> connect() {
    const SocketAddress address = *socket_address(*parse_endpoint("10.0.0.1:443"));
    Listener listener(reactor_, Listener::open(reactor_, address, {}).value());
    wire_ = std::move(*co_await weir::connect(reactor_, UpstreamAddress{address}, 1s));
    served_ = std::make_unique<Stream>(reactor_, *co_await listener.accept(), Origin::client);
    static_cast<void>(co_await wire_->send(client_.say_early("POST / HTTP/1.1"), 1s));
    tls::Failure why{};
    EXPECT_TRUE(co_await tls::shake_hands(*served_, accept(), 1s, why));
    EXPECT_TRUE(co_await served_->receive(1s));
    EXPECT_TRUE(co_await served_->send("HTTP/1.1 425 ", 1s));
    const auto received = co_await wire_->receive(1s);
    heard_.assign(received->data(), received->size());
  }

  std::shared_ptr<const tls::ServerContext> context_;
  std::optional<Time> ended_;
};

TEST_F(EarlyEnd, is_waited_for_whatever_else_comes_early) {
  say_in(100ms, client_.say_early("a body that nobody reads"));
  say_in(300ms, client_.shake(heard_));
  const Duration took = await(5s);
  EXPECT_FALSE(served_->tls()->early);
  EXPECT_GE(took, 300ms);
  EXPECT_LT(took, 400ms) << "soon behind the client's word";
}

TEST_F(EarlyEnd, is_waited_for_no_longer_than_there_is_patience) {
  say_in(100ms, client_.say_early("more"));
  const Duration took = await(1s);
  EXPECT_TRUE(served_->tls()->early);
  EXPECT_GE(took, 1s);
  EXPECT_LT(took, 1100ms);
  EXPECT_EQ(await(0s), 0s);
}

TEST_F(EarlyEnd, is_not_waited_for_where_nothing_can_come) {
  scope_.spawn(close_in(100ms));
  EXPECT_LT(await(5s), 200ms);
}

TEST_F(EarlyEnd, of_a_connection_that_lingers_is_told_and_no_cut) {
  say_in(50ms, client_.shake(std::exchange(heard_, {})));
  scope_.spawn(hear());
  run(linger_on());
  EXPECT_EQ(client_.read(heard_), "HTTP/1.1 425 ");
  client_.read({});
  EXPECT_TRUE(client_.heard_goodbye());
}

}  // namespace
}  // namespace weir
