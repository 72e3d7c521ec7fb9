// Shows: what a PHP application is told, and what a client cannot make it believe.
// How: the pure function on requests written down here.
#include "services/fastcgi/variables.h"

#include <gtest/gtest.h>

#include <map>

namespace weir {
namespace {

class Variables : public testing::Test {
 protected:
  Variables() {
    head.method = Method::post;
    head.method_text = "POST";
    head.authority = "shop.test:8080";
    head.host = "shop.test";
    head.path = "/a.php/b";
    head.query = "x=1";
    head.has_query = true;
    client.address = client.peer = *IpAddress::parse("192.0.2.7");
    client.peer_port = 40'000;
  }
  std::map<std::string, std::string> told() {
    std::map<std::string, std::string> all;
    const CgiFacts facts{.head = head,
                         .client = client,
                         .scheme = "http",
                         .address = *IpAddress::parse("203.0.113.1"),
                         .port = 8080,
                         .user = user,
                         .content_length = 12,
                         .root = root,
                         .script = "/a.php",
                         .path_info = "/b",
                         .configured = configured};
    for (const CgiVariable& each : cgi_variables(facts, arena)) {
      EXPECT_TRUE(all.emplace(each.name, each.value).second) << each.name << " is said twice";
    }
    return all;
  }

  BlockPool blocks;
  Arena arena{blocks};
  RequestHead head{arena};
  ClientAddress client;
  std::string user;
  std::string root = "/srv/blog";
  std::vector<ConfiguredVariable> configured;
};

TEST_F(Variables, tell_php_what_it_expects) {
  head.fields.append(FieldName::content_type, "application/x-www-form-urlencoded");
  head.fields.append(FieldName::cookie, "a=1");
  head.fields.append(FieldName::cookie, "b=2");
  head.fields.append(FieldName::authorization, "Basic eA==");
  const std::map<std::string, std::string> expected{
      {"REQUEST_METHOD", "POST"},
      {"REQUEST_URI", "/a.php/b?x=1"},
      {"QUERY_STRING", "x=1"},
      {"SERVER_PROTOCOL", "HTTP/1.1"},
      {"GATEWAY_INTERFACE", "CGI/1.1"},
      {"SERVER_SOFTWARE", "weir"},
      {"CONTENT_LENGTH", "12"},
      {"CONTENT_TYPE", "application/x-www-form-urlencoded"},
      {"SERVER_NAME", "shop.test"},
      {"SERVER_PORT", "8080"},
      {"REQUEST_SCHEME", "http"},
      {"SERVER_ADDR", "203.0.113.1"},
      {"REMOTE_ADDR", "192.0.2.7"},
      {"REMOTE_PORT", "40000"},
      {"SCRIPT_NAME", "/a.php"},
      {"PATH_INFO", "/b"},
      {"DOCUMENT_URI", "/a.php/b"},
      {"DOCUMENT_ROOT", "/srv/blog"},
      {"SCRIPT_FILENAME", "/srv/blog/a.php"},
      {"PATH_TRANSLATED", "/srv/blog/b"},
      {"REDIRECT_STATUS", "200"},
      {"HTTP_HOST", "shop.test:8080"},
      {"HTTP_COOKIE", "a=1; b=2"},
      {"HTTP_AUTHORIZATION", "Basic eA=="},
  };
  EXPECT_EQ(told(), expected);
}

TEST_F(Variables, a_client_cannot_set_the_proxy_of_the_application) {
  head.fields.append("proxy", "http://evil.test");
  EXPECT_FALSE(told().contains("HTTP_PROXY"));
}

TEST_F(Variables, a_name_that_would_become_another_is_left_out) {
  head.fields.append("x-forwarded-for", "192.0.2.7");
  for (const std::string_view name : {"x_forwarded_for", "x.forwarded.for", "x-forwarded_for", "x+y", "x~y"}) {
    head.fields.append(name, "6.6.6.6");
  }
  const auto all = told();
  EXPECT_EQ(all.at("HTTP_X_FORWARDED_FOR"), "192.0.2.7");
  for (const auto& [name, value] : all) EXPECT_NE(value, "6.6.6.6") << name;
}

TEST_F(Variables, the_user_is_whom_a_filter_has_verified) {
  head.fields.append("remote-user", "root");
  EXPECT_FALSE(told().contains("REMOTE_USER"));
  EXPECT_FALSE(told().contains("AUTH_TYPE"));
  user = "ann";
  const auto all = told();
  EXPECT_EQ(all.at("REMOTE_USER"), "ann");
  EXPECT_EQ(all.at("AUTH_TYPE"), "Basic");
  EXPECT_EQ(all.at("HTTP_REMOTE_USER"), "root");
}

TEST_F(Variables, over_a_unix_socket_nobody_has_an_address) {
  client = {.over_unix = true};
  const auto all = told();
  EXPECT_FALSE(all.contains("SERVER_ADDR"));
  EXPECT_FALSE(all.contains("REMOTE_ADDR"));
}

TEST_F(Variables, lines_of_one_name_become_one_value) {
  head.fields.append("accept-language", "de");
  head.fields.append("x-other", "1");
  head.fields.append("accept-language", "en");
  head.fields.append("x-other", "2");
  const auto all = told();
  EXPECT_EQ(all.at("HTTP_ACCEPT_LANGUAGE"), "de, en");
  EXPECT_EQ(all.at("HTTP_X_OTHER"), "1, 2");
}

TEST_F(Variables, encryption_in_front_of_a_trusted_proxy_is_told) {
  // compose_upstream_head() leaves these only when they are to be believed.
  head.fields.append(FieldName::x_forwarded_proto, "https");
  head.fields.append(FieldName::x_forwarded_port, "443");
  const auto all = told();
  EXPECT_EQ(all.at("HTTPS"), "on");
  EXPECT_EQ(all.at("REQUEST_SCHEME"), "https");
  EXPECT_EQ(all.at("SERVER_PORT"), "443");
}

TEST_F(Variables, configuration_stands_in_place_of_what_would_be_said) {
  configured = {{.name = "SERVER_NAME", .value = "canonical.test"}, {.name = "APP_ENV", .value = "production"}};
  const auto all = told();
  EXPECT_EQ(all.at("SERVER_NAME"), "canonical.test");
  EXPECT_EQ(all.at("APP_ENV"), "production");
}

TEST_F(Variables, an_application_without_scripts_gets_the_path_alone) {
  root.clear();
  const auto all = told();
  EXPECT_FALSE(all.contains("SCRIPT_FILENAME"));
  EXPECT_FALSE(all.contains("DOCUMENT_ROOT"));
  EXPECT_EQ(all.at("PATH_INFO"), "/b");
}

}  // namespace
}  // namespace weir
