// Proxy-Status: every error has a registered type, and what is written is a structured field.
#include "server/proxy_status.h"

#include <gtest/gtest.h>

#include <set>

#include "contracts/testing/test_exchange.h"

namespace weir {
namespace {

// RFC 9209 section 2.3, in its order; those about TLS and content codings are not ours yet.
const std::set<std::string_view> registered{"dns_timeout",
                                            "dns_error",
                                            "destination_not_found",
                                            "destination_unavailable",
                                            "destination_ip_prohibited",
                                            "destination_ip_unroutable",
                                            "connection_refused",
                                            "connection_terminated",
                                            "connection_timeout",
                                            "connection_read_timeout",
                                            "connection_write_timeout",
                                            "connection_limit_reached",
                                            "http_request_error",
                                            "http_request_denied",
                                            "http_response_incomplete",
                                            "http_response_header_section_size",
                                            "http_response_header_size",
                                            "http_response_body_size",
                                            "http_response_trailer_section_size",
                                            "http_response_trailer_size",
                                            "http_response_transfer_coding",
                                            "http_response_content_coding",
                                            "http_response_timeout",
                                            "http_upgrade_failed",
                                            "http_protocol_error",
                                            "proxy_internal_response",
                                            "tls_protocol_error",
                                            "tls_certificate_error",
                                            "tls_alert_received",
                                            "proxy_internal_error",
                                            "proxy_configuration_error",
                                            "proxy_loop_detected"};

class ProxyStatus : public testing::Test {
 protected:
  std::string told(StorySettings::ProxyStatus setting, std::string_view upstream = {}, std::string pseudonym = "weir") {
    const auto snapshot = std::make_shared<Snapshot>();
    snapshot->stories.proxy_status = setting;
    snapshot->forwarded.pseudonym = std::move(pseudonym);
    TestExchange test(shard, snapshot);
    test.exchange.upstream_name = upstream;
    ResponseHead head(test.exchange.arena);
    if (upstream.empty())
      tell_proxy_error(test.exchange, upstream_error(Code::peer_reset), head);
    else
      tell_proxied(test.exchange, 200, head);
    return std::string(head.fields.get(FieldName::proxy_status));
  }

  TestShard shard;
};

using Setting = StorySettings::ProxyStatus;

TEST_F(ProxyStatus, every_error_has_a_registered_type) {
  for (std::size_t number = 0; number <= static_cast<std::size_t>(Code::internal); ++number) {
    for (const Origin origin : {Origin::client, Origin::upstream, Origin::gateway}) {
      const Error error{.code = static_cast<Code>(number), .origin = origin};
      EXPECT_TRUE(registered.contains(proxy_error_type(error))) << name_of(error.code) << " of " << name_of(origin);
    }
  }
}

TEST_F(ProxyStatus, tells_own_errors_unless_off) {
  EXPECT_EQ(told(Setting::errors), "weir; error=connection_terminated; details=\"upstream:peer_reset\"");
  EXPECT_EQ(told(Setting::all), told(Setting::errors));
  EXPECT_EQ(told(Setting::off), "");
}

TEST_F(ProxyStatus, tells_what_upstreams_answered_only_when_asked) {
  EXPECT_EQ(told(Setting::all, "shop"), "weir; received-status=200; next-hop=\"shop\"");
  EXPECT_EQ(told(Setting::errors, "shop"), "");
}

TEST_F(ProxyStatus, keeps_addresses_to_itself) {
  EXPECT_EQ(told(Setting::all, "10.0.0.2:3000"), "weir; received-status=200");
  EXPECT_EQ(told(Setting::all, "unix:/run/app.sock"), "weir; received-status=200");
}

TEST_F(ProxyStatus, name_that_is_no_token_is_a_string) {
  EXPECT_EQ(told(Setting::errors, {}, "1st"), "\"1st\"; error=connection_terminated; details=\"upstream:peer_reset\"");
}

}  // namespace
}  // namespace weir
