// Patterns as people write them: what they match, and what is said about those that could never match.
#include "route/match.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

MatchFault fault_of_host(std::string_view text) {
  return HostPattern::parse(text).error().fault;
}
MatchFault fault_of_path(std::string_view text) {
  return PathPattern::parse(text).error().fault;
}
std::string literal_of(std::string_view regex) {
  return PathRegex::parse(regex).value()->literal_prefix();
}

TEST(HostPattern, exact_names_are_brought_into_the_form_of_requests) {
  const HostPattern pattern = HostPattern::parse("Shop.Example.COM.").value();
  EXPECT_EQ(pattern.text(), "shop.example.com");
  EXPECT_TRUE(pattern.matches("shop.example.com"));
  EXPECT_FALSE(pattern.matches("www.shop.example.com"));
}

TEST(HostPattern, a_wildcard_is_any_depth_below_and_never_the_name_itself) {
  const HostPattern pattern = HostPattern::parse("*.example.com").value();
  EXPECT_TRUE(pattern.matches("a.example.com"));
  EXPECT_TRUE(pattern.matches("a.b.example.com"));
  EXPECT_FALSE(pattern.matches("example.com"));
  EXPECT_FALSE(pattern.matches(".example.com"));
  EXPECT_FALSE(pattern.matches("anexample.com"));
}

TEST(HostPattern, addresses_stand_without_brackets) {
  EXPECT_EQ(HostPattern::parse("[::1]").value().name, "::1");
  EXPECT_EQ(HostPattern::parse("::1").value().name, "::1");
  EXPECT_EQ(HostPattern::parse("*").value().kind, HostPattern::Kind::any);
}

TEST(HostPattern, what_no_request_can_have_is_refused) {
  EXPECT_EQ(fault_of_host(""), MatchFault::empty);
  EXPECT_EQ(fault_of_host("shop.example.com:443"), MatchFault::host_with_port);
  EXPECT_EQ(fault_of_host("shop.*.com"), MatchFault::host_star);
  EXPECT_EQ(fault_of_host("*shop.com"), MatchFault::host_star);
  EXPECT_EQ(fault_of_host("https://shop.com"), MatchFault::host_characters);
  EXPECT_EQ(fault_of_host("shop..com"), MatchFault::host_characters);
  EXPECT_EQ(fault_of_host("*."), MatchFault::host_characters);
}

TEST(PathPattern, a_prefix_is_whole_segments) {
  const PathPattern pattern = PathPattern::parse("/cart/*").value();
  for (const std::string_view path : {"/cart", "/cart/", "/cart/a", "/cart/a/b"}) EXPECT_TRUE(pattern.matches(path));
  for (const std::string_view path : {"/cartoon", "/car", "/", "/a/cart"}) EXPECT_FALSE(pattern.matches(path));
  EXPECT_EQ(pattern.text(), "/cart/*");
}

TEST(PathPattern, without_a_star_it_is_exact) {
  const PathPattern pattern = PathPattern::parse("/cart").value();
  EXPECT_TRUE(pattern.matches("/cart"));
  EXPECT_FALSE(pattern.matches("/cart/"));
}

TEST(PathPattern, slash_star_is_every_path_and_the_lack_of_one) {
  const PathPattern pattern = PathPattern::parse("/*").value();
  EXPECT_EQ(pattern.kind, PathPattern::Kind::any);
  EXPECT_TRUE(pattern.matches("/"));
  EXPECT_TRUE(pattern.matches("*"));
  EXPECT_TRUE(pattern.matches(""));
}

TEST(PathPattern, what_no_request_can_have_is_refused_with_the_form_they_have) {
  EXPECT_EQ(fault_of_path("cart"), MatchFault::path_start);
  EXPECT_EQ(fault_of_path("*"), MatchFault::path_start);
  EXPECT_EQ(fault_of_path("/cart*"), MatchFault::path_star);
  EXPECT_EQ(fault_of_path("/*/cart"), MatchFault::path_star);
  EXPECT_EQ(fault_of_path("/cart?x=1"), MatchFault::path_query);
  EXPECT_EQ(PathPattern::parse("/a/../b").error().detail, "/b");
  EXPECT_EQ(PathPattern::parse("/a//b/*").error().detail, "/a/b/*");
  EXPECT_EQ(PathPattern::parse("/a//*").error().detail, "/a/*");
  EXPECT_EQ(PathPattern::parse("/%7Euser").error().detail, "/~user");
  EXPECT_EQ(text_of(PathPattern::parse("/a/./b").error()),
            "paths are brought into one form before routing; write \"/a/b\"");
  EXPECT_EQ(fault_of_path("/caf\xC3\xA9"), MatchFault::path_not_canonical);
}

TEST(PathRegex, is_anchored_as_written) {
  EXPECT_TRUE(PathRegex::parse("x").value()->matches("/axb"));
  EXPECT_FALSE(PathRegex::parse("^x").value()->matches("/axb"));
  EXPECT_TRUE(PathRegex::parse("^/p/[0-9]+$").value()->matches("/p/42"));
  EXPECT_FALSE(PathRegex::parse("^/p/[0-9]+$").value()->matches("/p/42/a"));
  EXPECT_EQ(PathRegex::parse("(").error().fault, MatchFault::regex_syntax);
}

TEST(PathRegex, literal_prefix_is_what_every_match_begins_with) {
  EXPECT_EQ(literal_of("^/p/([0-9]+)$"), "/p/");
  EXPECT_EQ(literal_of("^/a\\.b/x"), "/a.b/x");
  EXPECT_EQ(literal_of("^/abc*"), "/ab");
  EXPECT_EQ(literal_of("^/abc?d"), "/ab");
  EXPECT_EQ(literal_of("^/abc{0,2}"), "/ab");
  EXPECT_EQ(literal_of("^/abc+"), "/abc");
  EXPECT_EQ(literal_of("^/a(b|c)"), "/a");
  EXPECT_EQ(literal_of("^/a\\d"), "/a");
  EXPECT_EQ(literal_of("^/a|^/b"), "");
  EXPECT_EQ(literal_of("^/a[|]b"), "");  // cautious: the class is not understood
  EXPECT_EQ(literal_of("^\\Q/a|b\\E"), "");
  EXPECT_EQ(literal_of("/p/"), "");
  EXPECT_EQ(literal_of("(?i)^/p"), "");
}

TEST(MatchParsing, checks_methods_headers_and_clients) {
  EXPECT_EQ(parse_method("PURGE").value(), "PURGE");
  EXPECT_EQ(parse_method("GET POST").error().fault, MatchFault::method_token);
  EXPECT_EQ(ValuePattern::parse_header("X-A", "b").value().text(": "), "x-a: b");
  EXPECT_EQ(ValuePattern::parse_header("x a", {}).error().fault, MatchFault::field_name);
  EXPECT_EQ(ValuePattern::parse_header("Upgrade", "websocket").error().fault, MatchFault::field_taken_out);
  EXPECT_EQ(text_of(ValuePattern::parse_header("Host", "a").error()),
            "Host is not matched as a header; write match: { host: ... }");
  EXPECT_EQ(ValuePattern::parse_query("", {}).error().fault, MatchFault::empty);
  EXPECT_TRUE(parse_client("10.0.0.0/8").has_value());
  EXPECT_EQ(parse_client("10.0.0.1/8").error().fault, MatchFault::client_block);
}

}  // namespace
}  // namespace weir
