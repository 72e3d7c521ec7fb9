// What upstreams are told in a PROXY header, from what is known of the client's connection.
#include "upstream/introduction.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "contracts/testing/test_exchange.h"

namespace weir {
namespace {

using proxy_protocol::append_vector;
using proxy_protocol::End;
using proxy_protocol::Header;
using proxy_protocol::next_vector;
using proxy_protocol::parse;
using proxy_protocol::Parsed;
using proxy_protocol::Speaks;
using proxy_protocol::Type;
using HeaderVersion = proxy_protocol::Version;

class IntroductionTest : public testing::Test {
 protected:
  IntroductionTest() {
    facts.client = {
        .address = *IpAddress::parse("203.0.113.7"), .peer = *IpAddress::parse("203.0.113.7"), .peer_port = 5000};
    facts.local = *IpAddress::parse("192.0.2.1");
    facts.local_port = 443;
  }
  std::string_view told(HeaderVersion version) { return introduction_of(facts, said, version, arena); }
  /// The vectors that the upstream reads, type and value.
  std::vector<std::pair<Type, std::string>> vectors() {
    const Parsed parsed = parse(told(HeaderVersion::v2));
    EXPECT_EQ(parsed.state, Parsed::State::whole);
    std::vector<std::pair<Type, std::string>> found;
    std::string_view left = parsed.header.vectors;
    Type type{};
    std::string_view value;
    while (!left.empty() && next_vector(left, type, value)) found.emplace_back(type, value);
    return found;
  }

  TestShard shard;
  Arena arena{shard.shard().blocks};
  ConnectionFacts facts;
  proxy_protocol::Facts proxied{.header = {.version = HeaderVersion::v2, .speaks = Speaks::for_client, .vectors = {}},
                                .sender = {}};
  const proxy_protocol::Facts* said = nullptr;
  tls::Facts tls;
};

TEST_F(IntroductionTest, names_the_ends_of_the_clients_connection) {
  EXPECT_EQ(told(HeaderVersion::v1), "PROXY TCP4 203.0.113.7 192.0.2.1 5000 443\r\n");
  const Header header = parse(told(HeaderVersion::v2)).header;
  EXPECT_EQ(header.speaks, Speaks::for_client);
  EXPECT_EQ(header.source, (End{facts.client.peer, 5000}));
  EXPECT_EQ(header.destination, (End{facts.local, 443}));
  EXPECT_TRUE(header.vectors.empty());
}

TEST_F(IntroductionTest, client_over_a_unix_socket_has_no_ends) {
  facts.client.over_unix = true;
  EXPECT_EQ(told(HeaderVersion::v1), "PROXY UNKNOWN\r\n");
  EXPECT_EQ(parse(told(HeaderVersion::v2)).header.speaks, Speaks::for_nobody);
}

TEST_F(IntroductionTest, vectors_that_came_go_on_but_for_those_of_their_header) {
  append_vector(proxied.header.vectors, Type::noop, "pad");
  append_vector(proxied.header.vectors, Type::authority, "shop.test");
  append_vector(proxied.header.vectors, Type::crc32c, "1234");
  append_vector(proxied.header.vectors, static_cast<Type>(0xEA), "vpce");
  said = &proxied;
  EXPECT_EQ(vectors(), (std::vector<std::pair<Type, std::string>>{{Type::authority, "shop.test"},
                                                                  {static_cast<Type>(0xEA), "vpce"}}));
  EXPECT_EQ(told(HeaderVersion::v1), "PROXY TCP4 203.0.113.7 192.0.2.1 5000 443\r\n");
}

TEST_F(IntroductionTest, what_was_agreed_on_here_replaces_what_a_sender_said) {
  append_vector(proxied.header.vectors, Type::authority, "other.test");
  append_vector(proxied.header.vectors, static_cast<Type>(0x05), "id");
  said = &proxied;
  tls.server_name = "shop.test";
  tls.protocol = "h2";
  tls.version = "TLSv1.3";
  tls.cipher = "TLS_AES_128_GCM_SHA256";
  facts.tls = &tls;
  const auto found = vectors();
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0], (std::pair<Type, std::string>{Type::alpn, "h2"}));
  EXPECT_EQ(found[1], (std::pair<Type, std::string>{Type::authority, "shop.test"}));
  EXPECT_EQ(found[2].first, Type::ssl);
  EXPECT_EQ(found[2].second.substr(0, 5), std::string_view("\x01\0\0\0\x01", 5));  // TLS, and no certificate verified
  EXPECT_TRUE(found[2].second.contains("TLSv1.3"));
  EXPECT_TRUE(found[2].second.contains("TLS_AES_128_GCM_SHA256"));
  EXPECT_EQ(found[3].second, "id");
}

TEST_F(IntroductionTest, certificate_of_the_client_is_told_of) {
  tls.certificate = "DER";
  facts.tls = &tls;
  EXPECT_EQ(vectors().back().second.substr(0, 5), std::string_view("\x07\0\0\0\0", 5));
  tls.resumed = true;
  EXPECT_EQ(vectors().back().second.substr(0, 5), std::string_view("\x05\0\0\0\0", 5));
}

TEST_F(IntroductionTest, is_never_longer_than_readers_take) {
  for (unsigned count = 0; count < 10; ++count)
    append_vector(proxied.header.vectors, static_cast<Type>(0xE0 + count), std::string(1000, 'x'));
  said = &proxied;
  EXPECT_EQ(vectors().size(), 4U);
  EXPECT_LE(told(HeaderVersion::v2).size(), limits::proxy_header_bytes + 16);
}

TEST(Introduction, gateway_speaks_for_itself) {
  const SocketAddress ours = *socket_address(*parse_endpoint("10.0.0.1:4000"));
  const SocketAddress theirs = *socket_address(*parse_endpoint("10.0.0.2:80"));
  EXPECT_EQ(introduction_of_gateway(ours, theirs, HeaderVersion::v1), "PROXY TCP4 10.0.0.1 10.0.0.2 4000 80\r\n");
  EXPECT_EQ(parse(introduction_of_gateway(ours, theirs, HeaderVersion::v2)).header.speaks, Speaks::for_itself);
}

}  // namespace
}  // namespace weir
