// Which session an upstream behind TLS gets, and how many connections are opened to find out. Handshakes are real, over
// the simulated network; sessions are made up.
#include "upstream/negotiated_protocol.h"

#include <gtest/gtest.h>

#include "net/listener.h"
#include "net/tls/handshake.h"
#include "net/tls/server_context.h"
#include "net/tls/testing/test_authority.h"
#include "upstream/upstream_test_support.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const tls::Identity> shop() {
  const tls::TestCertificate made = tls::test_root().issue({.names = {"shop.test"}});
  std::vector<tls::Finding> findings;
  return tls::Identity::read(made.certificate, made.key, tls::certificate_time(), findings);
}

class Session final : public ClientSession {
 public:
  Session(std::string_view kind, std::unique_ptr<Stream> stream) : kind_(kind), stream_(std::move(stream)) {}
  Reply send(Exchange&, const RequestHead&, Body*, const UpstreamTimeouts&, Lease) override {
    co_return fail(gateway_error(Code::internal));
  }
  bool usable() override { return true; }
  [[nodiscard]] std::uint64_t exchanges_carried() const override { return 0; }
  [[nodiscard]] std::string_view kind() const { return kind_; }

 private:
  std::string_view kind_;
  std::unique_ptr<Stream> stream_;  // of a shared session: only the first has it
};

/// HTTP/2 as far as it is of interest here: three places on each connection.
class Places final : public SharedSessions {
 public:
  std::unique_ptr<ClientSession> find() override {
    if (free_ == 0) return nullptr;
    --free_;
    return std::make_unique<Session>("h2", nullptr);
  }
  std::unique_ptr<ClientSession> begin(std::unique_ptr<Stream> stream, const UpstreamTimeouts&) override {
    free_ += 2;
    return std::make_unique<Session>("h2", std::move(stream));
  }

 private:
  unsigned free_ = 0;
};

std::unique_ptr<ClientSession> http1(Shard&, std::unique_ptr<Stream> stream, Watcher*) {
  return std::make_unique<Session>("http/1.1", std::move(stream));
}
/// What opens connections for tunnels; here nobody takes it.
class Http1Alone final : public ClientProtocol {
 public:
  Task<Result<std::unique_ptr<ClientSession>>> connect(Shard&, const UpstreamAddress&, const UpstreamTimeouts&,
                                                       Watcher*) const override {
    co_return fail(gateway_error(Code::internal));
  }
};
std::shared_ptr<const ClientProtocol> last_detour;
std::unique_ptr<SharedSessions> http2(Shard&, const UpstreamAddress&, std::shared_ptr<const ClientProtocol> detour) {
  last_detour = std::move(detour);
  return std::make_unique<Places>();
}

class NegotiatedProtocolTest : public upstream_test::UpstreamTest {
 protected:
  NegotiatedProtocolTest() { offer({"h2", "http/1.1"}); }
  ~NegotiatedProtocolTest() override {
    serving_.cancel(gateway_error(Code::draining));
    asking_.cancel(gateway_error(Code::draining));
    world.run_until([&] { return serving_.running() == 0 && asking_.running() == 0; });
    sessions_.clear();
    accepted_.clear();
    last_detour.reset();
  }

  /// What the gateway offers.
  void offer(std::vector<std::string> protocols) {
    const bool http1_too = protocols.size() > 1;
    const NegotiableSessions sessions{.http1 = http1, .http2 = http2};
    std::shared_ptr<const ClientProtocol> http1_alone;
    if (http1_too) http1_alone = std::make_shared<Http1Alone>();
    protocol_ =
        std::make_shared<NegotiatedProtocol>(offering(std::move(protocols)), std::move(http1_alone), sessions, 1U);
  }
  static std::shared_ptr<const tls::ClientContext> offering(std::vector<std::string> protocols) {
    return *tls::ClientContext::make(
        {.authorities = tls::test_root().pem(), .name = "shop.test", .protocols = std::move(protocols)});
  }
  /// What the server knows; nothing: no ALPN.
  void serve(std::vector<std::string> protocols) {
    server_ = tls::ServerContext::make({.shown = {{shop()}}, .protocols = std::move(protocols)}).value();
    if (serving_.running() == 0) serving_.spawn(accept_all());
  }

  Task<void> accept_all() {
    while (true) {
      const Result<Handle> handle = co_await listener_.accept();
      if (!handle) co_return;
      ++handshakes_;
      serving_.spawn(shake(*handle));
    }
  }
  Task<void> shake(Handle handle) {
    co_await Sleep(shard.reactor, handshake_takes_);
    Stream& stream = *accepted_.emplace_back(std::make_unique<Stream>(shard.reactor, handle, Origin::client));
    tls::Failure why{};
    static_cast<void>(co_await tls::shake_hands(
        stream, server_->accept(bench_, shard.reactor.now(), shard.reactor.wall_now()), 5s, why));
  }

  Task<void> connect_once() {
    auto session = co_await protocol_->connect(shard, where_, timeouts_, nullptr);
    if (session) {
      kinds_.emplace_back(static_cast<Session&>(**session).kind());
      sessions_.push_back(std::move(*session));
    } else {
      kinds_.emplace_back(name_of(session.error().code));
      last_error_ = session.error();
    }
  }
  /// The sessions that so many get who ask at the same moment.
  std::vector<std::string> ask(unsigned count) {
    kinds_.clear();
    for (unsigned asked = 0; asked < count; ++asked) asking_.spawn(connect_once());
    EXPECT_TRUE(world.run_until([&] { return kinds_.size() == count; }));
    return kinds_;
  }

  Scope serving_{shard.reactor};
  Scope asking_{shard.reactor};
  tls::Workbench bench_;
  std::shared_ptr<const tls::ServerContext> server_;
  std::shared_ptr<NegotiatedProtocol> protocol_;
  Listener listener_{shard.reactor,
                     *Listener::open(shard.reactor, *socket_address(*parse_endpoint("10.0.0.9:443")), {})};
  const UpstreamAddress where_ = upstream_test::address_of("10.0.0.9:443");
  UpstreamTimeouts timeouts_;
  std::vector<std::unique_ptr<Stream>> accepted_;
  std::vector<std::unique_ptr<ClientSession>> sessions_;
  std::vector<std::string> kinds_;
  Error last_error_{};
  Duration handshake_takes_ = Duration::zero();
  unsigned handshakes_ = 0;
};

using Kinds = std::vector<std::string>;

TEST_F(NegotiatedProtocolTest, those_who_ask_at_once_share_what_the_first_opens) {
  serve({"h2", "http/1.1"});
  EXPECT_EQ(ask(3), (Kinds{"h2", "h2", "h2"}));
  EXPECT_EQ(handshakes_, 1U);
  EXPECT_EQ(ask(2), (Kinds{"h2", "h2"}));  // there was no room
  EXPECT_EQ(handshakes_, 2U);
}

TEST_F(NegotiatedProtocolTest, server_that_prefers_http1_gets_a_connection_for_each) {
  serve({"http/1.1"});
  EXPECT_EQ(ask(3), (Kinds{"http/1.1", "http/1.1", "http/1.1"}));
  EXPECT_EQ(handshakes_, 3U);
}

TEST_F(NegotiatedProtocolTest, burst_to_a_server_of_http1_waits_for_one_handshake_and_not_for_all) {
  serve({"http/1.1"});
  handshake_takes_ = 100ms;
  const Time began = shard.reactor.now();
  EXPECT_EQ(ask(10), Kinds(10, "http/1.1"));
  EXPECT_LT(shard.reactor.now() - began, 300ms);
}

TEST_F(NegotiatedProtocolTest, server_without_alpn_speaks_http1) {
  serve({});
  EXPECT_EQ(ask(1), (Kinds{"http/1.1"}));
}

TEST_F(NegotiatedProtocolTest, each_handshake_decides_anew) {
  serve({"http/1.1"});
  EXPECT_EQ(ask(1), (Kinds{"http/1.1"}));
  serve({"h2"});
  EXPECT_EQ(ask(1), (Kinds{"h2"}));
  serve({"http/1.1"});
  EXPECT_EQ(ask(3), (Kinds{"h2", "h2", "http/1.1"}));
}

TEST_F(NegotiatedProtocolTest, without_an_offer_of_http1_a_server_that_knows_no_h2_is_refused) {
  offer({"h2"});
  serve({});
  EXPECT_EQ(ask(1), (Kinds{"tls_failed"}));
  EXPECT_EQ(last_error_.retry, Retry::unsent);
  EXPECT_EQ(last_error_.origin, Origin::upstream);
}

TEST_F(NegotiatedProtocolTest, sessions_of_h2_know_the_way_of_tunnels_that_are_not_taken_there) {
  serve({"h2", "http/1.1"});
  EXPECT_EQ(ask(1), (Kinds{"h2"}));
  EXPECT_NE(dynamic_cast<const Http1Alone*>(last_detour.get()), nullptr);
}

TEST_F(NegotiatedProtocolTest, there_is_no_detour_where_only_h2_may_be_spoken) {
  offer({"h2"});
  serve({"h2", "http/1.1"});
  EXPECT_EQ(ask(1), (Kinds{"h2"}));
  EXPECT_EQ(last_detour, nullptr);
}

TEST_F(NegotiatedProtocolTest, those_who_waited_for_a_failure_fail_with_it) {
  timeouts_.connect = 1s;
  const Time began = shard.reactor.now();
  EXPECT_EQ(ask(3), (Kinds{"tls_timeout", "tls_timeout", "tls_timeout"}));  // it accepts, and says nothing
  EXPECT_LT(shard.reactor.now() - began, 1500ms);
}

}  // namespace
}  // namespace weir
