// What the upstream is told, field by field.
#include "upstream/forwarding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace weir {
namespace {

class Forwarding : public testing::Test {
 protected:
  Forwarding() {
    request.method = Method::get;
    request.authority = request.host = "shop.test";
  }
  const RequestHead& composed(bool has_body = false, bool upgrade_allowed = false) {
    return compose_upstream_head(
        request,
        {.settings = settings,
         .hop = {.peer = *IpAddress::parse("192.0.2.1"), .peer_trusted = trusted, .scheme = "http", .port = 8080},
         .request_id = "id-1",
         .upgrade_allowed = upgrade_allowed,
         .has_body = has_body},
        arena);
  }

  BlockPool blocks;
  Arena arena{blocks};
  RequestHead request{arena};
  ForwardedSettings settings;
  bool trusted = false;
};

TEST_F(Forwarding, never_passes_on_what_a_client_says_of_its_certificate) {
  request.fields.append("client-cert", ":AAAA:");
  request.fields.append("client-cert-chain", ":AAAA:");
  request.fields.append("client-certified", "yes");
  const RequestHead& head = composed();
  EXPECT_EQ(head.fields.find("client-cert"), nullptr);
  EXPECT_EQ(head.fields.find("client-cert-chain"), nullptr);
  EXPECT_NE(head.fields.find("client-certified"), nullptr);
}

TEST_F(Forwarding, what_only_weir_tells_has_no_second_spelling) {
  for (const std::string_view name : {"client_cert", "client-cert_chain", "x_forwarded_for", "x_forwarded-proto",
                                      "x-forwarded_host", "x_request_id", "early_data", "x_real_ip"})
    request.fields.append(name, "mine");
  request.fields.append("x_tenant_id", "theirs");
  const RequestHead& head = composed();
  EXPECT_EQ(std::ranges::count(head.fields, std::string_view("mine"), &Field::value), 0);
  EXPECT_NE(head.fields.find("x_tenant_id"), nullptr);
}

TEST_F(Forwarding, tells_of_a_verified_certificate) {
  request.fields.append("client-cert", ":AAAA:");
  const RequestHead& head = compose_upstream_head(
      request, {.settings = settings, .hop = {}, .request_id = {}, .client_certificate = "\x01\x02\x03\x04"}, arena);
  ASSERT_NE(head.fields.find("client-cert"), nullptr);
  EXPECT_EQ(head.fields.find("client-cert")->value, ":AQIDBA==:");
}

TEST_F(Forwarding, says_where_the_request_has_been) {
  const RequestHead& head = composed();
  EXPECT_EQ(head.fields.get(FieldName::x_forwarded_for), "192.0.2.1");
  EXPECT_EQ(head.fields.get(FieldName::x_forwarded_host), "shop.test");
  EXPECT_EQ(head.fields.get(FieldName::via), "1.1 weir");
  EXPECT_EQ(head.fields.get(FieldName::cdn_loop), "weir");
  EXPECT_EQ(head.fields.get(FieldName::x_request_id), "id-1");
  EXPECT_FALSE(head.fields.has(FieldName::host));
  EXPECT_EQ(head.authority, "shop.test");
}

TEST_F(Forwarding, one_forward_less_is_left) {
  request.fields.append("max-forwards", "10");
  EXPECT_EQ(composed().fields.find("max-forwards")->value, "10");  // of GET it says nothing
  request.method = Method::options;
  EXPECT_EQ(composed().fields.find("max-forwards")->value, "9");
  request.fields.set("max-forwards", "many");
  EXPECT_EQ(composed().fields.find("max-forwards")->value, "many");
}

TEST_F(Forwarding, leaves_the_request_as_it_came) {
  request.fields.append(FieldName::x_forwarded_for, "6.6.6.6");
  const std::size_t fields = request.fields.size();
  composed();
  EXPECT_EQ(request.fields.size(), fields);
  EXPECT_EQ(request.fields.get(FieldName::x_forwarded_for), "6.6.6.6");
}

TEST_F(Forwarding, nothing_is_added_when_all_is_off) {
  settings = {.x_forwarded = false, .forwarded = false, .via = false, .request_id = false};
  EXPECT_TRUE(composed().fields.empty());
}

TEST_F(Forwarding, rewritten_host_goes_up_and_the_clients_stays_known) {
  request.fields.append(FieldName::host, request.authority);
  request.authority = request.host = "internal.test";
  const RequestHead& head = composed();
  EXPECT_EQ(head.authority, "internal.test");
  EXPECT_EQ(head.fields.get(FieldName::x_forwarded_host), "shop.test");
}

TEST_F(Forwarding, upgrade_goes_on_only_when_the_route_allows_it) {
  request.upgrade = "websocket";
  EXPECT_EQ(composed(false, false).upgrade, "");
  EXPECT_EQ(composed(false, true).upgrade, "websocket");
}

TEST_F(Forwarding, expectation_goes_on_only_with_a_body) {
  request.expects_continue = true;
  EXPECT_EQ(composed(true).fields.get(FieldName::expect), "100-continue");
  EXPECT_TRUE(composed(true).expects_continue);
  EXPECT_FALSE(composed(false).fields.has(FieldName::expect));
  EXPECT_FALSE(composed(false).expects_continue);
}

TEST_F(Forwarding, request_id_of_the_client_is_replaced_by_ours) {
  request.fields.append(FieldName::x_request_id, "chosen");
  std::size_t lines = 0;
  for (const Field& field : composed().fields) lines += field.id == FieldName::x_request_id ? 1U : 0U;
  EXPECT_EQ(lines, 1U);
}

}  // namespace
}  // namespace weir
