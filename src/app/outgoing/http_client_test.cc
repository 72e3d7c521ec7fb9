// Requests of our own, on virtual time against servers that are made up: what arrives there, what comes back, and what
// is said when it does not.
#include "app/outgoing/http_client.h"

#include <gtest/gtest.h>

#include "base/error_text.h"
#include "contracts/testing/test_shard.h"
#include "net/tls/testing/test_authority.h"
#include "upstream/testing/scripted_server.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const tls::ClientContext> trusting(const tls::TestAuthority& authority) {
  return tls::ClientContext::make({.authorities = authority.pem()}).value();
}

std::shared_ptr<const tls::ServerContext> proving(std::vector<std::string> names) {
  const tls::TestCertificate made = tls::test_root().issue({.names = std::move(names)});
  std::vector<tls::Finding> findings;
  return tls::ServerContext::make(
             {.shown = {{tls::Identity::read(made.certificate, made.key, tls::certificate_time(), findings)}}})
      .value();
}

class OutgoingRequests : public testing::Test {
 protected:
  ~OutgoingRequests() override {
    server.stop();
    test.world().run_until([&] { return server.stopped(); });
  }

  Result<OutgoingAnswer> asked(OutgoingRequest request, std::shared_ptr<const tls::ClientContext> context = nullptr) {
    return test.run_to_end(ask(test.shard(), std::move(request), std::move(context)));
  }
  static OutgoingRequest to(std::string_view url) { return {.url = *parse_url(url)}; }

  TestShard test;
  ScriptedServer server{test.shard().reactor, UpstreamAddress{*socket_address(*parse_endpoint("10.0.0.1:80"))}};
};

TEST_F(OutgoingRequests, bring_an_answer_with_its_fields_and_content) {
  server.answer = "HTTP/1.1 201 Created\r\nLocation: http://10.0.0.1/order/1\r\ncontent-length: 5\r\n\r\nhello";
  const auto answer = asked(to("http://10.0.0.1/new?x=1"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->field("location"), "http://10.0.0.1/order/1");
  EXPECT_EQ(answer->field("retry-after"), "");
  EXPECT_EQ(answer->body, "hello");
  ASSERT_EQ(server.heard.size(), 1U);
  EXPECT_TRUE(server.heard.front().starts_with("GET /new?x=1 HTTP/1.1\r\nhost: 10.0.0.1\r\n")) << server.heard.front();
}

TEST_F(OutgoingRequests, carry_content) {
  server.answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
  OutgoingRequest request = to("http://10.0.0.1/");
  request.method = Method::post;
  request.fields = {{"content-type", "application/jose+json"}};
  request.body = "{}";
  const auto answer = asked(std::move(request));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "ok");
  EXPECT_TRUE(server.heard.front().starts_with("POST / HTTP/1.1\r\n"));
  EXPECT_TRUE(server.heard.front().contains("content-type: application/jose+json\r\n"));
  EXPECT_TRUE(server.heard.front().contains("content-length: 2\r\n"));
  EXPECT_TRUE(server.heard.front().ends_with("\r\n\r\n{}"));
}

TEST_F(OutgoingRequests, are_not_sent_elsewhere) {
  server.answer = "HTTP/1.1 302 Found\r\nlocation: http://10.0.0.2/\r\ncontent-length: 0\r\n\r\n";
  EXPECT_EQ(asked(to("http://10.0.0.1/"))->status, 302);
}

TEST_F(OutgoingRequests, end_when_their_time_is_over) {
  server.manner = ScriptedServer::Manner::hang;
  OutgoingRequest request = to("http://10.0.0.1/");
  request.timeout = 3s;
  const Time began = test.shard().reactor.now();
  const auto answer = asked(std::move(request));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::request_timeout);
  EXPECT_EQ(test.shard().reactor.now() - began, 3s);
}

TEST_F(OutgoingRequests, end_when_an_answer_trickles) {
  server.manner = ScriptedServer::Manner::by_byte;
  server.answer = "HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n" + std::string(9000, 'x');
  OutgoingRequest request = to("http://10.0.0.1/");
  request.timeout = 2s;
  EXPECT_EQ(asked(std::move(request)).error().code, Code::request_timeout);
}

TEST_F(OutgoingRequests, read_no_more_than_they_may) {
  server.answer = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789";
  OutgoingRequest request = to("http://10.0.0.1/");
  request.answer_bytes_max = 9;
  EXPECT_TRUE(asked(request));
  request.answer_bytes_max = 8;
  EXPECT_EQ(asked(request).error().code, Code::body_too_large);
}

TEST_F(OutgoingRequests, tell_a_cut_answer_from_a_whole_one) {
  server.answer = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234";
  EXPECT_FALSE(asked(to("http://10.0.0.1/")));
}

TEST_F(OutgoingRequests, to_nobody_and_to_unknown_names_fail) {
  server.die();
  EXPECT_EQ(asked(to("http://10.0.0.9/")).error().code, Code::connect_refused);
  EXPECT_EQ(asked(to("http://nowhere.test/")).error().code, Code::resolve_failed);
  EXPECT_EQ(text_of(asked(to("http://nowhere.test/")).error()),
            "resolve_failed: the upstream's name could not be resolved");
}

TEST_F(OutgoingRequests, over_tls_trust_whom_they_are_told) {
  server.tls = proving({"10.0.0.1"});
  server.answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
  const auto answer = asked(to("https://10.0.0.1:80/dir"), trusting(tls::test_root()));
  ASSERT_TRUE(answer) << text_of(answer.error());
  EXPECT_EQ(answer->body, "ok");
  EXPECT_TRUE(server.heard.front().contains("host: 10.0.0.1:80\r\n"));
}

TEST_F(OutgoingRequests, over_tls_say_nothing_to_strangers) {
  server.tls = proving({"10.0.0.1"});
  EXPECT_EQ(asked(to("https://10.0.0.1:80/"), trusting(tls::test_stranger())).error().code,
            Code::certificate_untrusted);
  server.tls = proving({"10.0.0.2"});
  EXPECT_EQ(asked(to("https://10.0.0.1:80/"), trusting(tls::test_root())).error().code, Code::certificate_untrusted);
  EXPECT_EQ(asked(to("https://10.0.0.1:80/")).error().code, Code::tls_failed) << "and nobody is trusted by default";
  EXPECT_TRUE(server.heard.empty());
}

TEST_F(OutgoingRequests, survive_a_network_that_cuts_everything) {
  test.network().faults() = {.partial_read = 0.3, .partial_write = 0.3, .split = 0.3, .partial_bytes = 5};
  server.tls = proving({"10.0.0.1"});
  server.answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
  for (int time = 0; time < 20; ++time) {
    ASSERT_TRUE(asked(to("https://10.0.0.1:80/"), trusting(tls::test_root())));
  }
}

}  // namespace
}  // namespace weir
