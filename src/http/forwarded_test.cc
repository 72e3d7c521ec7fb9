// Shows: only what trusted proxies wrote is believed, and what goes upstream is well formed.
// How: tables of lists and the client they lead to; fields before and after.
#include "http/forwarded.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

class Forwarded : public testing::Test {
 protected:
  static IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }
  std::string client_by(FieldName name, std::string_view value, std::string_view peer = "10.0.0.1") {
    Fields these(arena);
    these.append(name, value);
    return find_client(ip(peer), contains(trusted, ip(peer)), these, trusted).text();
  }
  std::string text() const {
    std::string all;
    for (const Field& field : fields) all.append(field.name).append(": ").append(field.value).append("\n");
    return all;
  }

  std::vector<Cidr> trusted{*Cidr::parse("10.0.0.0/8"), *Cidr::parse("fd00::/8")};
  BlockPool pool;
  Arena arena{pool};
  Fields fields{arena};
  ForwardingHop hop{.peer = ip("192.0.2.7"), .scheme = "http", .authority = "shop.example:8080", .port = 8080};
};

TEST_F(Forwarded, believes_the_list_from_the_right_as_far_as_it_is_trusted) {
  const FieldName xff = FieldName::x_forwarded_for;
  EXPECT_EQ(client_by(xff, "192.0.2.1", "198.51.100.1"), "198.51.100.1") << "an untrusted peer is the client";
  EXPECT_EQ(client_by(xff, "192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(client_by(xff, "6.6.6.6, 192.0.2.1, 10.0.0.2"), "192.0.2.1");
  EXPECT_EQ(client_by(xff, "10.0.0.3, 10.0.0.2"), "10.0.0.3") << "all trusted: the left-most";
  EXPECT_EQ(client_by(xff, "192.0.2.1, unknown, 10.0.0.2"), "10.0.0.2") << "left of hearsay nothing counts";
  EXPECT_EQ(client_by(xff, "192.0.2.1:4711"), "192.0.2.1");
  EXPECT_EQ(client_by(xff, "2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(client_by(xff, "[2001:db8::1]:4711"), "2001:db8::1");
  EXPECT_EQ(client_by(xff, ", ,"), "10.0.0.1");
}

TEST_F(Forwarded, reads_forwarded_elements) {
  const FieldName name = FieldName::forwarded;
  EXPECT_EQ(client_by(name, "for=192.0.2.1;proto=https, for=10.0.0.2"), "192.0.2.1");
  EXPECT_EQ(client_by(name, "proto=https;For=\"[2001:db8::1]:80\";by=_x"), "2001:db8::1");
  EXPECT_EQ(client_by(name, "for=_hidden"), "10.0.0.1");
  EXPECT_EQ(client_by(name, "proto=https"), "10.0.0.1");
}

TEST_F(Forwarded, an_open_quote_cannot_swallow_what_a_proxy_appended) {
  EXPECT_EQ(client_by(FieldName::x_forwarded_for, "\"x, 192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(client_by(FieldName::forwarded, "for=\"x, for=192.0.2.1"), "192.0.2.1");
}

TEST_F(Forwarded, several_lines_are_one_list) {
  fields.append(FieldName::x_forwarded_for, "192.0.2.9");
  fields.append(FieldName::x_forwarded_for, "10.0.0.2");
  EXPECT_EQ(find_client(ip("10.0.0.1"), true, fields, trusted).text(), "192.0.2.9");
}

TEST_F(Forwarded, no_list_leaves_the_peer) {
  EXPECT_EQ(find_client(ip("10.0.0.1"), true, fields, trusted).text(), "10.0.0.1");
}

TEST_F(Forwarded, throws_away_what_an_untrusted_client_claims) {
  fields.append(FieldName::x_forwarded_for, "6.6.6.6");
  fields.append(FieldName::x_forwarded_proto, "https");
  fields.append(FieldName::forwarded, "for=6.6.6.6");
  fields.append(FieldName::x_real_ip, "6.6.6.6");
  forward_client(fields, hop, {});
  EXPECT_EQ(text(),
            "x-forwarded-for: 192.0.2.7\nx-forwarded-proto: http\nx-forwarded-host: "
            "shop.example:8080\nx-forwarded-port: 8080\n");
}

TEST_F(Forwarded, appends_to_what_a_trusted_proxy_wrote) {
  hop.peer_trusted = true;
  hop.peer = ip("10.0.0.1");
  fields.append(FieldName::x_forwarded_for, "192.0.2.1");
  fields.append(FieldName::x_forwarded_proto, "https");
  fields.append(FieldName::x_forwarded_for, "10.0.0.2");
  forward_client(fields, hop, {.x_forwarded = true, .forwarded = false});
  EXPECT_EQ(fields.get(FieldName::x_forwarded_for), "192.0.2.1, 10.0.0.2, 10.0.0.1");
  EXPECT_EQ(fields.get(FieldName::x_forwarded_proto), "https");
}

TEST_F(Forwarded, writes_forwarded_with_quotes_where_needed) {
  forward_client(fields, hop, {.x_forwarded = false, .forwarded = true});
  EXPECT_EQ(text(), "forwarded: for=192.0.2.7;proto=http;host=\"shop.example:8080\"\n");
  Fields six(arena);
  hop.peer = ip("2001:db8::1");
  hop.authority = "shop.example";
  forward_client(six, hop, {.x_forwarded = false, .forwarded = true});
  EXPECT_EQ(six.get(FieldName::forwarded), "for=\"[2001:db8::1]\";proto=http;host=shop.example");
}

TEST_F(Forwarded, both_families_go_together) {
  forward_client(fields, hop, {.x_forwarded = true, .forwarded = true});
  EXPECT_TRUE(fields.has(FieldName::x_forwarded_for));
  EXPECT_TRUE(fields.has(FieldName::forwarded));
}

TEST_F(Forwarded, notices_that_a_message_has_been_here) {
  EXPECT_FALSE(has_passed(fields, "weir-1"));
  append_via(fields, Version::http_1_1, "other");
  append_via(fields, Version::http_1_0, "weir-1");
  EXPECT_EQ(fields.get(FieldName::via), "1.1 other, 1.0 weir-1");
  EXPECT_TRUE(has_passed(fields, "weir-1"));
  EXPECT_FALSE(has_passed(fields, "weir"));
  Fields loop(arena);
  append_cdn_loop(loop, "weir-1");
  append_cdn_loop(loop, "cdn.example; a=b");
  EXPECT_TRUE(has_passed(loop, "WEIR-1"));
  EXPECT_TRUE(has_passed(loop, "cdn.example"));
}

}  // namespace
}  // namespace weir
