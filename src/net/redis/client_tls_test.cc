// The client over TLS: who is believed, what is said before that, and why not. In virtual time, against servers with
// certificates that the test makes.
#include <gtest/gtest.h>

#include <algorithm>

#include "net/redis/testing/redis_client_test.h"
#include "net/tls/testing/test_authority.h"

namespace weir::redis {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const tls::Identity> identity(const tls::TestAuthority& authority, std::vector<std::string> names) {
  const tls::TestCertificate made = authority.issue({.names = std::move(names)});
  std::vector<tls::Finding> findings;
  return tls::Identity::read(made.certificate, made.key, tls::certificate_time(), findings);
}

class RedisOverTls : public RedisClient {
 protected:
  /// The server shows a certificate for `names`.
  static void secure(FakeRedis& redis, std::vector<std::string> names,
                     tls::ClientCertificates clients = tls::ClientCertificates::off) {
    redis.answer = &echo;
    redis.tls = tls::ServerContext::make({.shown = {{identity(tls::test_root(), std::move(names))}},
                                          .tickets = std::make_shared<tls::TicketKeys>(),
                                          .clients = clients,
                                          .client_authorities = tls::test_root().pem()})
                    .value();
  }
  void believe(tls::ClientSettings wanted) { settings.tls = tls::ClientContext::make(wanted).value(); }
  /// What a server was told in the clear of its connection, or after a handshake that should not have been.
  static bool heard(const FakeRedis& redis, std::string_view word) {
    return std::ranges::any_of(
        redis.asked, [&](const FakeRedis::Words& words) { return std::ranges::find(words, word) != words.end(); });
  }
};

TEST_F(RedisOverTls, questions_get_their_answers_however_the_bytes_are_cut) {
  FakeRedis redis(network, world, "10.0.0.1:6380");
  secure(redis, {"10.0.0.1"});
  believe({.authorities = tls::test_root().pem()});
  settings.user = "weir";
  settings.password = "secret";
  network.faults() = {.partial_read = 0.3, .partial_write = 0.3, .split = 0.3, .partial_bytes = 5};
  connect_to({"10.0.0.1:6380"});
  std::vector<std::shared_ptr<Asked>> all;
  for (int number = 0; number < 200; ++number) all.push_back(begin("key" + std::to_string(number), 30s));
  ASSERT_TRUE(world.run_until([&] { return all.back()->reply.has_value(); }));
  for (int number = 0; number < 200; ++number) EXPECT_EQ(all[number]->text(), "key" + std::to_string(number));
  EXPECT_EQ(redis.asked.front(), (FakeRedis::Words{"AUTH", "weir", "secret"}));
  EXPECT_EQ(redis.connections, 1U);
  EXPECT_EQ(events.shaken, 1U);
}

TEST_F(RedisOverTls, a_server_of_another_authority_hears_no_password) {
  FakeRedis redis(network, world, "10.0.0.1:6380");
  secure(redis, {"10.0.0.1"});
  believe({.authorities = tls::test_stranger().pem()});
  settings.password = "secret";
  connect_to({"10.0.0.1:6380"});
  EXPECT_EQ(ask_now("a")->error(), Code::certificate_untrusted);
  EXPECT_EQ(events.last_words,
            "TLS: the certificate of the other side is not trusted: unable to get local issuer certificate");
  EXPECT_EQ(events.failures, std::vector{tls::Failure::certificate_untrusted});
  EXPECT_EQ(ask_now("b")->error(), Code::unreachable) << "and nobody waits for it";
  EXPECT_FALSE(heard(redis, "secret"));
}

TEST_F(RedisOverTls, a_server_of_another_name_hears_no_password) {
  FakeRedis redis(network, world, "10.0.0.1:6380");
  secure(redis, {"10.0.0.9", "other.internal"});
  believe({.authorities = tls::test_root().pem()});
  settings.password = "secret";
  connect_to({"10.0.0.1:6380"});
  EXPECT_EQ(ask_now("a")->error(), Code::certificate_untrusted);
  EXPECT_TRUE(events.last_words.ends_with("IP address mismatch")) << events.last_words;
  EXPECT_FALSE(heard(redis, "secret"));
}

TEST_F(RedisOverTls, a_name_that_is_given_is_what_counts) {
  FakeRedis redis(network, world, "10.0.0.1:6380");
  secure(redis, {"redis.internal"});
  believe({.authorities = tls::test_root().pem(), .name = "redis.internal"});
  connect_to({"10.0.0.1:6380"});
  EXPECT_EQ(ask_now("a")->text(), "a");
}

TEST_F(RedisOverTls, who_does_not_verify_is_served) {
  FakeRedis redis(network, world, "10.0.0.1:6380");
  secure(redis, {"other.internal"});
  believe({.verify = false});
  connect_to({"10.0.0.1:6380"});
  EXPECT_EQ(ask_now("a")->text(), "a");
}

TEST_F(RedisOverTls, a_certificate_is_shown_to_a_server_that_asks_for_one) {
  FakeRedis redis(network, world, "10.0.0.1:6380");
  secure(redis, {"10.0.0.1"}, tls::ClientCertificates::required);
  settings.password = "secret";
  believe({.authorities = tls::test_root().pem(), .identity = identity(tls::test_root(), {"weir.internal"})});
  connect_to({"10.0.0.1:6380"});
  EXPECT_EQ(ask_now("a")->text(), "a");
}

TEST_F(RedisOverTls, a_server_that_asks_for_a_certificate_in_vain_is_told_about) {
  FakeRedis redis(network, world, "10.0.0.1:6380");
  secure(redis, {"10.0.0.1"}, tls::ClientCertificates::required);
  settings.password = "secret";
  believe({.authorities = tls::test_root().pem()});
  connect_to({"10.0.0.1:6380"});
  EXPECT_EQ(ask_now("a")->error(), Code::tls_failed);
  EXPECT_FALSE(events.last_words.empty());
  EXPECT_FALSE(heard(redis, "secret"));
}

TEST_F(RedisOverTls, a_server_in_the_clear_is_no_server_behind_tls) {
  FakeRedis redis(network, world, "10.0.0.1:6379");
  redis.strict = false;
  believe({.authorities = tls::test_root().pem()});
  settings.password = "secret";
  connect_to({"10.0.0.1:6379"});
  const auto asked = ask_now("a", 30s);
  EXPECT_TRUE(asked->error());
  EXPECT_TRUE(events.last_words.starts_with("TLS: ")) << events.last_words;
  EXPECT_FALSE(heard(redis, "secret"));
}

TEST_F(RedisOverTls, a_server_that_never_answers_the_hello_is_given_up) {
  FakeRedis redis(network, world, "10.0.0.1:6380");
  secure(redis, {"10.0.0.1"});
  redis.hangs = true;
  believe({.authorities = tls::test_root().pem()});
  connect_to({"10.0.0.1:6380"});
  const Time began = reactor.now();
  const auto asked = ask_now("a", 30s);
  EXPECT_EQ(asked->error(), Code::tls_timeout);
  EXPECT_LE(asked->ended - began, settings.connect_timeout + 10ms);
  EXPECT_EQ(events.last_words, "TLS: the TLS handshake did not end in time");
  redis.hangs = false;
  world.run_for(4s);
  EXPECT_EQ(ask_now("b")->text(), "b");
}

TEST_F(RedisOverTls, a_connection_that_is_made_anew_resumes) {
  FakeRedis redis(network, world, "10.0.0.1:6380");
  secure(redis, {"10.0.0.1"});
  believe({.authorities = tls::test_root().pem()});
  connect_to({"10.0.0.1:6380"});
  EXPECT_EQ(ask_now("a")->text(), "a");
  redis.kill();
  redis.start();
  world.run_for(4s);
  EXPECT_EQ(ask_now("b")->text(), "b");
  EXPECT_EQ(events.shaken, 1U);
  EXPECT_EQ(events.resumed, 1U);
}

/// Who resumes a session proves no name: the second address has to do so by itself.
TEST_F(RedisOverTls, a_ticket_of_one_address_is_not_shown_to_the_next) {
  FakeRedis first(network, world, "10.0.0.1:6380");
  FakeRedis second(network, world, "10.0.0.2:6380");
  secure(first, {"10.0.0.1"});
  second.answer = &echo;
  second.tls = first.tls;
  believe({.authorities = tls::test_root().pem()});
  connect_to({"10.0.0.1:6380", "10.0.0.2:6380"});
  EXPECT_EQ(ask_now("a")->text(), "a");
  first.kill();
  world.run_for(10ms);
  EXPECT_TRUE(ask_now("b")->error());
  world.run_for(1s);
  EXPECT_EQ(events.resumed, 0U);
  EXPECT_FALSE(heard(second, "b"));
  EXPECT_TRUE(events.failures.size() >= 1 && events.failures.front() == tls::Failure::certificate_untrusted);
}

/// Each of a cluster proves the address that the table of slots, or a redirection, names.
TEST_F(RedisOverTls, servers_of_a_cluster_prove_their_own_addresses) {
  FakeRedis one(network, world, "10.0.0.1:7000");
  FakeRedis two(network, world, "10.0.0.2:7000");
  FakeRedis liar(network, world, "10.0.0.3:7000");
  secure(one, {"10.0.0.1"});
  secure(two, {"10.0.0.2"});
  secure(liar, {"10.0.0.2"});
  std::string to = "10.0.0.2:7000";
  one.answer = [&](const FakeRedis::Words& words) {
    if (words[0] == "CLUSTER") return std::string("*0\r\n");
    return words[0] == "GET" ? "-MOVED " + std::to_string(slot_of(words.back())) + ' ' + to + "\r\n" : "+OK\r\n";
  };
  believe({.authorities = tls::test_root().pem()});
  connect_to({"10.0.0.1:7000"}, true);
  EXPECT_EQ(ask_now("{a}")->text(), "{a}");
  to = "10.0.0.3:7000";
  EXPECT_EQ(ask_now("{b}")->error(), Code::certificate_untrusted);
  EXPECT_FALSE(heard(liar, "{b}"));
}

}  // namespace
}  // namespace weir::redis
