// Streams that speak TLS, over the simulated network: what the bytes above see, and how it ends.
#include <gtest/gtest.h>

#include <functional>

#include "net/connect.h"
#include "net/inbox.h"
#include "net/listener.h"
#include "net/tls/client_context.h"
#include "net/tls/handshake.h"
#include "net/tls/server_context.h"
#include "net/tls/testing/memory_client.h"
#include "net/tls/testing/test_authority.h"
#include "runtime/scope.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"

namespace weir::tls {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const Identity> identity(const TestWish& wish) {
  const TestCertificate made = test_root().issue(wish);
  std::vector<Finding> findings;
  return Identity::read(made.certificate, made.key, certificate_time(), findings);
}

std::shared_ptr<const Identity> shop() {
  static const auto made = identity({.names = {"shop.test"}});
  return made;
}

/// What the two ends are to do, and what came of it.
struct Meeting {
  ServerSettings server{.shown = {{shop()}}, .protocols = {"http/1.1"}, .tickets = std::make_shared<TicketKeys>()};
  ClientSettings client{.authorities = test_root().pem(), .name = "shop.test", .protocols = {"http/1.1"}};
  Duration patience = 10s;
  std::shared_ptr<SavedSession> saved = std::make_shared<SavedSession>();
  std::function<Task<void>(Stream&)> serve;
  std::function<Task<void>(Stream&)> ask;

  Result<void> accepted;
  Result<void> connected;
  Failure server_failure{};
  Failure client_failure{};
  Facts seen_by_server;
  Facts seen_by_client;
};

class TlsStream : public testing::Test {
 protected:
  void meet(Meeting& meeting) {
    client_context_ = ClientContext::make(meeting.client).value();
    serve_one(meeting, [&](const UpstreamAddress& where) { return ask(where, meeting); });
  }

  /// Serves one connection, which `client` makes, until both are over.
  void serve_one(Meeting& meeting, const std::function<Task<void>(const UpstreamAddress&)>& client) {
    server_context_ = ServerContext::make(meeting.server).value();
    const Handle listening = io_.listen(address_, {}).value();
    Listener listener(reactor_, listening);
    const UpstreamAddress where{io_.local_address(listening)};
    Scope scope(reactor_);
    scope.spawn(serve(listener, meeting));
    scope.spawn(client(where));
    ASSERT_TRUE(world_.run_until([&] { return scope.running() == 0; }));
  }

  Task<void> serve(Listener& listener, Meeting& meeting) {
    const Result<Handle> accepted = co_await listener.accept();
    accepted_ = *accepted;
    Stream stream(reactor_, *accepted, Origin::client);
    meeting.accepted =
        co_await shake_hands(stream, server_context_->accept(server_bench_, reactor_.now(), reactor_.wall_now()),
                             meeting.patience, meeting.server_failure);
    if (!meeting.accepted) co_return;
    meeting.seen_by_server = *stream.tls();
    if (meeting.serve) co_await meeting.serve(stream);
  }

  Task<void> ask(UpstreamAddress where, Meeting& meeting) {
    auto connected = co_await connect(reactor_, where, 5s);
    Stream& stream = **connected;
    meeting.connected = co_await shake_hands(stream, client_context_->connect(client_bench_, meeting.saved),
                                             meeting.patience, meeting.client_failure);
    if (!meeting.connected) co_return;
    meeting.seen_by_client = *stream.tls();
    if (meeting.ask) co_await meeting.ask(stream);
  }

  /// All bytes up to the end, and how that was.
  static Task<Result<std::string>> read_all(Stream& stream) {
    std::string all;
    while (true) {
      const Result<std::span<char>> piece = co_await stream.receive(10s);
      if (!piece) co_return fail(piece.error());
      if (piece->empty()) co_return all;
      all.append(piece->data(), piece->size());
    }
  }

  SimNetwork network_{7};
  SimIo io_{network_};
  Reactor reactor_{io_, 7};
  SimWorld world_{network_};
  SocketAddress address_ = UpstreamAddress{*socket_address(*parse_endpoint("10.0.0.1:443", 0))}.address;
  Handle accepted_ = Handle::none;
  Workbench server_bench_;
  Workbench client_bench_;
  std::shared_ptr<const ServerContext> server_context_;
  std::shared_ptr<const ClientContext> client_context_;

  void SetUp() override { world_.add(reactor_); }
};

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; ++at) bytes[at] = static_cast<char>(at * 131 >> 7 ^ at);
  return bytes;
}

Task<void> send_and_end(Stream& stream, const std::string& bytes) {
  EXPECT_TRUE(co_await stream.send(bytes, 10s));
  stream.shut_down_sending();
  while (true) {
    const auto rest = co_await stream.receive(10s);
    if (!rest || rest->empty()) break;
  }
}

TEST_F(TlsStream, carries_bytes_both_ways_and_ends_with_a_goodbye) {
  Meeting meeting;
  const std::string question = pattern(100'000);
  const std::string answer = pattern(3'000'000);
  Result<std::string> heard_by_server;
  Result<std::string> heard_by_client;
  meeting.ask = [&](Stream& stream) -> Task<void> {
    EXPECT_TRUE(co_await stream.send(question, 10s));
    stream.shut_down_sending();
    heard_by_client = co_await read_all(stream);
  };
  meeting.serve = [&](Stream& stream) -> Task<void> {
    heard_by_server = co_await read_all(stream);
    EXPECT_TRUE(
        co_await stream.send({"", std::string_view(answer).substr(0, 10), std::string_view(answer).substr(10)}, 10s));
    EXPECT_TRUE(co_await stream.send_goodbye(10s));
  };
  meet(meeting);
  ASSERT_TRUE(meeting.accepted && meeting.connected);
  ASSERT_TRUE(heard_by_server) << heard_by_server.error().text;
  ASSERT_TRUE(heard_by_client) << heard_by_client.error().text;
  EXPECT_TRUE(*heard_by_server == question);
  EXPECT_TRUE(*heard_by_client == answer);
  EXPECT_EQ(meeting.seen_by_server.version, "TLSv1.3");
  EXPECT_EQ(meeting.seen_by_server.cipher, meeting.seen_by_client.cipher);
  EXPECT_EQ(meeting.seen_by_server.server_name, "shop.test");
  EXPECT_EQ(meeting.seen_by_server.protocol, "http/1.1");
  EXPECT_FALSE(meeting.seen_by_server.resumed);
}

TEST_F(TlsStream, an_end_without_goodbye_is_no_end) {
  Meeting meeting;
  Result<std::string> heard;
  meeting.ask = [&](Stream& stream) -> Task<void> { heard = co_await read_all(stream); };
  meeting.serve = [&](Stream& stream) -> Task<void> {
    EXPECT_TRUE(co_await stream.send("half of", 10s));
    io_.shut_down_sending(accepted_);  // past the engine: as a program that dies
    static_cast<void>(co_await stream.receive(10s));
  };
  meet(meeting);
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().code, Code::peer_closed);
  EXPECT_EQ(heard.error().origin, Origin::upstream);
  EXPECT_TRUE(std::string_view(heard.error().text).contains("cut"));
}

// Says `words` and that this was all in one piece, and leaves the connection open: no end of TCP comes after it.
Task<void> say_and_end(Reactor& reactor, UpstreamAddress where, std::string words, Result<std::string>& heard) {
  auto connected = co_await connect(reactor, where, 5s);
  Stream& stream = **connected;
  MemoryClient client;
  std::string owed = client.shake("");
  while (!client.shaken()) {
    EXPECT_TRUE(co_await stream.send(owed, 5s));
    const auto piece = co_await stream.receive(5s);
    if (!piece || piece->empty()) co_return;
    owed = client.shake({piece->data(), piece->size()});
  }
  EXPECT_TRUE(co_await stream.send(owed + client.say_and_end(words), 5s));
  while (true) {
    const auto piece = co_await stream.receive(20s);
    if (!piece) heard = fail(piece.error());
    if (!piece || piece->empty()) break;
  }
}

TEST_F(TlsStream, an_end_in_one_piece_with_the_last_bytes_is_heard) {
  for (const std::string words : {"all of it", ""}) {
    Meeting meeting;
    Result<std::string> heard_by_server = fail(gateway_error(Code::canceled));
    Result<std::string> heard_by_client;
    meeting.serve = [&](Stream& stream) -> Task<void> {
      heard_by_server = co_await read_all(stream);
      EXPECT_TRUE(stream.readable()) << "whoever keeps it for later has to see that it is over";
    };
    client_context_ = ClientContext::make(meeting.client).value();
    serve_one(meeting,
              [&](const UpstreamAddress& where) { return say_and_end(reactor_, where, words, heard_by_client); });
    ASSERT_TRUE(heard_by_server) << words;
    EXPECT_EQ(*heard_by_server, words);
    EXPECT_TRUE(heard_by_client) << "nobody waited for a time to be over";
  }
}

TEST_F(TlsStream, reads_into_rooms_of_any_size) {
  Meeting meeting;
  const std::string bytes = pattern(50'000);
  std::string heard;
  meeting.ask = [&](Stream& stream) -> Task<void> { co_await send_and_end(stream, bytes); };
  meeting.serve = [&](Stream& stream) -> Task<void> {
    std::string room;
    for (std::size_t size = 1;; size = size % 999 + 1) {
      room.assign(size, '\0');
      const auto piece = co_await stream.receive_into(room, 10s);
      EXPECT_TRUE(piece);
      if (!piece || piece->empty()) break;
      heard.append(piece->data(), piece->size());
    }
  };
  meet(meeting);
  EXPECT_TRUE(heard == bytes);
}

TEST_F(TlsStream, unread_bytes_of_one_connection_move_out_before_another_decrypts) {
  Meeting meeting;
  std::string kept;
  meeting.ask = [&](Stream& stream) -> Task<void> {
    EXPECT_TRUE(co_await stream.send("first and second", 10s));
    co_await send_and_end(stream, "");
  };
  meeting.serve = [&](Stream& stream) -> Task<void> {
    Inbox inbox(stream);
    const auto received = co_await stream.receive(10s);
    if (!received) co_return;
    inbox.take(*received);
    inbox.consume(6);
    static_cast<void>(co_await Sleep(reactor_, 1ms));
    std::ranges::fill(server_bench_.plain(), 'x');
    kept.assign(inbox.unread().data(), inbox.unread().size());
  };
  meet(meeting);
  EXPECT_EQ(kept, "and second");
}

TEST_F(TlsStream, resumes_with_a_ticket_in_both_versions) {
  for (const Version newest : {Version::tls_1_3, Version::tls_1_2}) {
    Meeting meeting;
    meeting.client.oldest = newest;
    meeting.client.newest = newest;
    meeting.ask = [&](Stream& stream) -> Task<void> {
      static_cast<void>(co_await stream.receive(10s));
      co_await send_and_end(stream, "bye");
    };
    meeting.serve = [&](Stream& stream) -> Task<void> {
      EXPECT_TRUE(co_await stream.send("hello", 10s));
      static_cast<void>(co_await read_all(stream));
    };
    meet(meeting);
    EXPECT_FALSE(meeting.seen_by_client.resumed);
    meet(meeting);
    EXPECT_TRUE(meeting.seen_by_client.resumed) << meeting.seen_by_client.version;
    EXPECT_TRUE(meeting.seen_by_server.resumed);
    meet(meeting);
    EXPECT_TRUE(meeting.seen_by_client.resumed) << "each resumption brings a new ticket";
    meeting.server.scope = "another listener";
    meet(meeting);
    EXPECT_FALSE(meeting.seen_by_client.resumed);
  }
}

TEST_F(TlsStream, shows_the_certificate_that_the_name_asks_for) {
  Meeting meeting;
  meeting.server.shown = {{identity({.names = {"default.test"}})},
                          {identity({.names = {"*.wild.test"}})},
                          {identity({.names = {"exact.wild.test"}})}};
  const auto set_of = [&](const std::string& name) {
    meeting.client.name = name;
    meet(meeting);
    EXPECT_TRUE(meeting.connected) << name;
    return meeting.seen_by_server.identity;
  };
  const std::uint32_t unnamed = set_of("default.test");
  EXPECT_EQ(unnamed, 0U);
  const std::uint32_t wild = set_of("a.wild.test");
  const std::uint32_t exact = set_of("exact.wild.test");
  EXPECT_NE(wild, exact);
  EXPECT_NE(wild, 0U);
  meeting.client.name = "unknown.test";
  meet(meeting);
  EXPECT_FALSE(meeting.connected) << "the default's name is another";
  EXPECT_EQ(meeting.connected.error().code, Code::certificate_untrusted);
  EXPECT_EQ(meeting.client_failure, Failure::certificate_untrusted);
  EXPECT_EQ(server_context_->set_for("exact.wild.test"), exact);
  EXPECT_EQ(server_context_->set_for("unknown.test"), 0U);
}

TEST_F(TlsStream, shows_ecdsa_to_those_who_know_it_and_rsa_to_the_others) {
  Meeting meeting;
  meeting.server.shown = {{identity({.names = {"shop.test"}, .rsa_bits = 2048})}, {shop()}};
  meeting.client.newest = Version::tls_1_2;
  meet(meeting);
  EXPECT_EQ(meeting.seen_by_server.cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  meeting.saved = std::make_shared<SavedSession>();
  meeting.client.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
  meet(meeting);
  EXPECT_EQ(meeting.seen_by_server.cipher, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
}

TEST_F(TlsStream, says_why_a_certificate_is_not_believed) {
  Meeting meeting;
  const TestAuthority stranger("Stranger");
  meeting.client.authorities = stranger.pem();
  meet(meeting);
  EXPECT_EQ(meeting.connected.error().code, Code::certificate_untrusted);
  EXPECT_EQ(meeting.connected.error().origin, Origin::upstream);
  EXPECT_STREQ(meeting.connected.error().text, "unable to get local issuer certificate");
  EXPECT_EQ(meeting.server_failure, Failure::refused_by_peer) << sentence_of(meeting.server_failure);

  Meeting late;
  late.server.shown = {{identity({.names = {"shop.test"}, .from_day = -9, .until_day = -2})}};
  meet(late);
  EXPECT_STREQ(late.connected.error().text, "certificate has expired");
  late.client.verify = false;
  meet(late);
  EXPECT_TRUE(late.connected);
}

TEST_F(TlsStream, a_signature_that_is_not_the_authoritys_is_told_as_such) {
  Meeting meeting;
  const TestCertificate made = TestAuthority("Test root").issue({.names = {"shop.test"}});  // by name alone
  std::vector<Finding> findings;
  meeting.server.shown = {{Identity::read(made.certificate, made.key, certificate_time(), findings)}};
  meet(meeting);
  EXPECT_EQ(meeting.connected.error().code, Code::certificate_untrusted);
  EXPECT_STREQ(meeting.connected.error().text, "certificate signature failure");
}

TEST_F(TlsStream, asks_clients_for_certificates) {
  Meeting meeting;
  meeting.server.clients = ClientCertificates::required;
  meeting.server.client_authorities = test_root().pem();
  meeting.ask = [&](Stream& stream) -> Task<void> { static_cast<void>(co_await stream.receive(10s)); };
  meet(meeting);
  EXPECT_FALSE(meeting.accepted);
  EXPECT_EQ(meeting.server_failure, Failure::certificate_missing);
  meeting.client.newest = Version::tls_1_2;
  meet(meeting);
  EXPECT_FALSE(meeting.connected);
  EXPECT_EQ(meeting.client_failure, Failure::certificate_missing) << sentence_of(meeting.client_failure);
  meeting.client.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
  meet(meeting);
  EXPECT_EQ(meeting.client_failure, Failure::no_shared_cipher) << sentence_of(meeting.client_failure);
  meeting.client.ciphers.clear();
  meeting.client.newest = Version::tls_1_3;
  meeting.client.identity = identity({.names = {"client.test"}});
  meet(meeting);
  ASSERT_TRUE(meeting.accepted);
  EXPECT_FALSE(meeting.seen_by_server.certificate.empty());
}

TEST_F(TlsStream, believes_clients_by_whoever_of_its_authorities_issued_their_certificate) {
  const TestAuthority middle({.names = {}, .subject = "Test middle"}, &test_root());
  const TestCertificate made = middle.issue({.names = {"client.test"}});
  std::vector<Finding> findings;
  const auto client = Identity::read(made.certificate, made.key, certificate_time(), findings);
  const auto accepts = [&](const std::string& authorities) {
    Meeting meeting;
    meeting.server.clients = ClientCertificates::required;
    meeting.server.client_authorities = authorities;
    meeting.client.identity = client;
    meeting.ask = [](Stream& stream) -> Task<void> { static_cast<void>(co_await stream.receive(10s)); };
    meet(meeting);
    return meeting.accepted.has_value();
  };
  EXPECT_TRUE(accepts(middle.pem())) << "it has issued it, whoever is above it";
  EXPECT_TRUE(accepts(made.certificate)) << "this client alone";
  EXPECT_FALSE(accepts(test_root().pem())) << "the client does not send what is between";
  EXPECT_FALSE(accepts(middle.issue({.names = {"other.test"}}).certificate)) << "a client vouches for nobody else";
}

TEST_F(TlsStream, refuses_clients_whose_certificate_was_revoked) {
  Meeting meeting;
  const TestCertificate lost = test_root().issue({.names = {"client.test"}});
  std::vector<Finding> findings;
  meeting.client.identity = Identity::read(lost.certificate, lost.key, certificate_time(), findings);
  meeting.client.newest = Version::tls_1_2;  // so that the client's handshake ends no earlier than the server's
  meeting.server.clients = ClientCertificates::required;
  meeting.server.client_authorities = test_root().pem();
  meeting.server.client_revocation = test_root().revoke({});
  meeting.server.shown.push_back({identity({.names = {"second.test"}})});
  meet(meeting);
  ASSERT_TRUE(meeting.accepted);
  meeting.server.client_revocation = test_root().revoke({lost.certificate});
  const auto why = [&](const std::string& name) {
    meeting.client.name = name;
    meet(meeting);
    return std::string(meeting.accepted ? "accepted" : meeting.accepted.error().text);
  };
  EXPECT_EQ(why("shop.test"), "certificate revoked");
  EXPECT_EQ(why("second.test"), "certificate revoked") << "whatever set of certificates is shown";
  meeting.server.client_revocation = test_root().revoke({}, -2);
  EXPECT_EQ(why("shop.test"), "CRL has expired");
  meeting.server.client_revocation = TestAuthority("Stranger").revoke({});
  EXPECT_EQ(why("shop.test"), "unable to get certificate CRL");
  meeting.client.identity = identity({.names = {"client.test"}});
  meeting.server.client_revocation = test_root().revoke({lost.certificate});
  EXPECT_EQ(why("shop.test"), "accepted") << "another was revoked";
}

TEST_F(TlsStream, tickets_end_with_the_list_they_were_given_under) {
  Meeting meeting;
  meeting.client.identity = identity({.names = {"client.test"}});
  meeting.client.newest = Version::tls_1_2;
  meeting.server.clients = ClientCertificates::required;
  meeting.server.client_authorities = test_root().pem();
  meeting.server.client_revocation = test_root().revoke({});
  meet(meeting);
  meet(meeting);
  EXPECT_TRUE(meeting.seen_by_server.resumed);
  meeting.server.client_revocation = test_root().revoke({test_root().issue({.names = {"lost.test"}}).certificate});
  meet(meeting);
  EXPECT_FALSE(meeting.seen_by_server.resumed);
}

TEST_F(TlsStream, believes_no_server_whose_certificate_was_revoked) {
  Meeting meeting;
  const TestCertificate lost = test_root().issue({.names = {"shop.test"}});
  std::vector<Finding> findings;
  meeting.server.shown = {{Identity::read(lost.certificate, lost.key, certificate_time(), findings)}};
  meeting.client.revocation = test_root().revoke({});
  meet(meeting);
  EXPECT_TRUE(meeting.connected);
  meeting.saved = std::make_shared<SavedSession>();
  meeting.client.revocation = test_root().revoke({lost.certificate});
  meet(meeting);
  EXPECT_EQ(meeting.connected.error().code, Code::certificate_untrusted);
  EXPECT_STREQ(meeting.connected.error().text, "certificate revoked");
}

TEST_F(TlsStream, lists_are_judged_up_to_the_root_and_a_way_that_ends_before_is_told_as_such) {
  const TestAuthority middle({.names = {}, .subject = "Test middle"}, &test_root());
  const TestCertificate made = middle.issue({.names = {"shop.test"}});
  std::vector<Finding> findings;
  const auto outcome = [&](const std::string& authorities) {
    Meeting meeting;
    meeting.server.shown = {{Identity::read(made.certificate + middle.pem(), made.key, certificate_time(), findings)}};
    meeting.client.authorities = authorities;
    meeting.client.revocation = test_root().revoke({}) + middle.revoke({});
    meet(meeting);
    if (!meeting.connected) EXPECT_EQ(meeting.client_failure, Failure::certificate_untrusted);
    return std::string(meeting.connected ? "believed" : meeting.connected.error().text);
  };
  EXPECT_EQ(outcome(test_root().pem() + middle.pem()), "believed");
  EXPECT_EQ(outcome(middle.pem()), "unable to get issuer certificate");
}

TEST_F(TlsStream, believes_a_server_by_the_one_uri_that_it_has) {
  Meeting meeting;
  meeting.client.checks_name = false;
  const auto outcome = [&](const std::string& uri, const std::string& in_certificate) {
    meeting.saved = std::make_shared<SavedSession>();
    meeting.server.shown = {{identity({.extensions = {{NID_subject_alt_name, in_certificate}}})}};
    meeting.client.certificate_uri = uri;
    meet(meeting);
    return std::string(meeting.connected ? "believed" : meeting.connected.error().text);
  };
  const std::string refused = "the URI of the certificate is not the expected one";
  EXPECT_EQ(outcome("spiffe://prod/shop", "URI:spiffe://prod/shop"), "believed");
  EXPECT_EQ(outcome("spiffe://prod/*", "URI:spiffe://prod/shop,DNS:till.test"), "believed")
      << "names are not asked for";
  EXPECT_EQ(outcome("spiffe://prod/shop", "URI:spiffe://prod/till"), refused);
  EXPECT_EQ(outcome("spiffe://prod/shop", "URI:spiffe://prod/shop,URI:spiffe://prod/till"), refused) << "who is it?";
  EXPECT_EQ(outcome("spiffe://prod/shop", "DNS:shop.test"), refused);
  meeting.client.checks_name = true;
  EXPECT_EQ(outcome("spiffe://prod/shop", "URI:spiffe://prod/shop,DNS:till.test"), "hostname mismatch");
  meeting.client.authorities = test_stranger().pem();
  EXPECT_EQ(outcome("spiffe://prod/shop", "URI:spiffe://prod/shop,DNS:shop.test"),
            "unable to get local issuer certificate")
      << "a URI is worth as much as who wrote it down";
}

TEST(TlsClientContext, a_uri_covers_itself_or_what_is_below_it) {
  EXPECT_TRUE(covers_uri("spiffe://prod/shop", "spiffe://prod/shop"));
  EXPECT_FALSE(covers_uri("spiffe://prod/shop", "spiffe://prod/shop/two"));
  EXPECT_TRUE(covers_uri("spiffe://prod/*", "spiffe://prod/shop/two"));
  EXPECT_FALSE(covers_uri("spiffe://prod/*", "spiffe://prod/"));
  EXPECT_FALSE(covers_uri("spiffe://prod/*", "spiffe://production/shop"));
}

TEST(TlsClientContext, what_is_believed_of_servers_tells_contexts_apart) {
  const auto print = [](const std::function<void(ClientSettings&)>& change) {
    ClientSettings settings{.authorities = test_root().pem(), .name = "shop.test"};
    change(settings);
    return ClientContext::make(settings).value()->fingerprint();
  };
  const std::string plain = print([](ClientSettings&) {});
  EXPECT_EQ(plain, print([](ClientSettings&) {}));
  EXPECT_NE(plain, print([](ClientSettings& settings) { settings.certificate_uri = "spiffe://prod/shop"; }));
  EXPECT_NE(plain, print([](ClientSettings& settings) { settings.checks_name = false; }));
  EXPECT_NE(plain, print([](ClientSettings& settings) { settings.revocation = test_root().revoke({}); }));
}

TEST_F(TlsStream, gives_up_on_who_says_nothing) {
  Meeting meeting;
  const Time begin = reactor_.now();
  const auto mute = [](Reactor& reactor, UpstreamAddress to) -> Task<void> {
    auto connected = co_await connect(reactor, to, 5s);
    static_cast<void>(co_await (*connected)->receive(60s));
  };
  serve_one(meeting, [&](const UpstreamAddress& where) { return mute(reactor_, where); });
  EXPECT_EQ(meeting.accepted.error().code, Code::tls_timeout);
  EXPECT_EQ(meeting.server_failure, Failure::timed_out);
  EXPECT_LT(reactor_.now() - begin, 12s);
}

TEST_F(TlsStream, tells_who_speaks_plain_http_in_plain_http) {
  Meeting meeting;
  std::string heard;
  const auto speak = [](Reactor& reactor, UpstreamAddress to, std::string& out) -> Task<void> {
    auto connected = co_await connect(reactor, to, 5s);
    EXPECT_TRUE(co_await (*connected)->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 5s));
    if (const auto answer = co_await (*connected)->receive(5s)) out.assign(answer->data(), answer->size());
  };
  serve_one(meeting, [&](const UpstreamAddress& where) { return speak(reactor_, where, heard); });
  EXPECT_EQ(meeting.server_failure, Failure::plain_http);
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 400 ")) << heard;
  EXPECT_TRUE(heard.ends_with("use https:// in the URL\n")) << heard;
}

}  // namespace
}  // namespace weir::tls
