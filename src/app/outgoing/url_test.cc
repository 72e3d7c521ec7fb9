// URLs of servers that Weir itself asks: what is one, what is none.
#include "app/outgoing/url.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(OutgoingUrl, has_a_server_and_a_target) {
  const auto url = parse_url("https://CA.example/acme/directory?a=1");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->secured);
  EXPECT_EQ(url->server.host, "ca.example");
  EXPECT_EQ(url->server.port, 443);
  EXPECT_EQ(url->target, "/acme/directory?a=1");
  EXPECT_EQ(url->authority(), "ca.example");
  EXPECT_EQ(url->text(), "https://ca.example/acme/directory?a=1");
}

TEST(OutgoingUrl, names_its_port_where_that_is_not_the_schemes) {
  EXPECT_EQ(parse_url("http://127.0.0.1:14000")->authority(), "127.0.0.1:14000");
  EXPECT_EQ(parse_url("http://127.0.0.1:80/x")->authority(), "127.0.0.1");
  EXPECT_EQ(parse_url("https://[::1]:14000/dir")->authority(), "[::1]:14000");
  EXPECT_EQ(parse_url("https://[::1]/dir")->authority(), "[::1]");
  EXPECT_EQ(parse_url("http://ca.test?x")->target, "/?x");
}

TEST(OutgoingUrl, what_could_mean_two_things_is_none) {
  for (const char* text :
       {"", "ca.test", "ftp://ca.test/", "https://", "https:///x", "https://:443/", "http://a b/",
        "https://user@ca.test/", "https://ca.test/#x", "https://ca.test/\r\nx: y", "https://ca.test:0x/",
        "https://ca.test\\@evil.test/", "unix:/run/x", "http://unix:/run/x"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
  EXPECT_FALSE(parse_url("https://ca.test/" + std::string(3000, 'a')));
}

}  // namespace
}  // namespace weir
