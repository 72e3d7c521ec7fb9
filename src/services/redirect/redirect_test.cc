// Where requests are sent, and that none of them can choose the host.
#include "services/redirect/redirect.h"

#include <gtest/gtest.h>

#include "contracts/testing/conformance.h"
#include "contracts/testing/temporary_folder.h"

namespace weir {
namespace {

/// `308 /new?x=1`, or the name of the error.
std::string redirect(std::string_view options, std::string_view target,
                     std::string_view authority = "shop.example.com") {
  const auto built = build_plugin(redirect_service(), options);
  EXPECT_TRUE(built.plugin) << built.diagnostics.text();
  if (!built.plugin) return {};
  TestShard shard;
  TestExchange test(shard);
  test.request("GET", target, authority);
  const auto answer = shard.run_to_end(built.plugin->handle(test.exchange));
  if (!answer) return std::string(name_of(answer.error().code));
  EXPECT_EQ(answer->body, nullptr);
  EXPECT_EQ(answer->head.framing, (Framing{Framing::Kind::length, 0}));
  return std::to_string(answer->head.status) + ' ' + std::string(answer->head.fields.get(FieldName::location));
}

TEST(Redirect, conforms) {
  TemporaryFolder folder;
  folder.write("redirects.csv", "/,/home\n");
  folder.enter();
  expect_conformance(redirect_service(), "{ to: /new, status: 301 }", "to: /new");
  expect_conformance(redirect_service(), "{ map: redirects.csv }", "to: /new");
  expect_conformance(redirect_service(), "https", "to: /new");
}

TEST(Redirect, goes_to_a_path_or_to_an_absolute_url) {
  EXPECT_EQ(redirect("/new", "/old"), "308 /new");
  EXPECT_EQ(redirect("{ to: \"https://example.org/x\", status: 302 }", "/old"), "302 https://example.org/x");
  EXPECT_EQ(redirect("\"https://example.org\"", "/old"), "308 https://example.org");
}

TEST(Redirect, keeps_the_query_unless_told_to_drop_it) {
  EXPECT_EQ(redirect("/new", "/old?a=%0D%0Ab&c"), "308 /new?a=%0D%0Ab&c");
  EXPECT_EQ(redirect("/new", "/old?"), "308 /new?");
  EXPECT_EQ(redirect("{ to: \"/new?x=1\" }", "/old?a=b"), "308 /new?x=1&a=b");
  EXPECT_EQ(redirect("{ to: \"/new#part\" }", "/old?a=b"), "308 /new?a=b#part");
  EXPECT_EQ(redirect("{ to: \"/new#is?no=query\" }", "/old?a=b"), "308 /new?a=b#is?no=query");
  EXPECT_EQ(redirect("{ to: /new, query: drop }", "/old?a=b"), "308 /new");
}

TEST(Redirect, https_is_the_same_place_encrypted) {
  EXPECT_EQ(redirect("https", "/a%20b?c=d", "shop.example.com:8080"), "308 https://shop.example.com/a%20b?c=d");
  EXPECT_EQ(redirect("https", "/", "[::1]:8080"), "308 https://[::1]/");
  EXPECT_EQ(redirect("{ to: https, status: 301, query: drop }", "/a?b"), "301 https://shop.example.com/a");
  EXPECT_EQ(redirect("https", "*"), "308 https://shop.example.com/");
}

TEST(Redirect, https_without_a_host_cannot_be_answered) {
  EXPECT_EQ(redirect("https", "/a", ""), "missing_host");
}

/// Like redirect(), for a route with one match for each of these expressions.
std::string redirect_by(std::vector<std::string_view> patterns, std::string_view options, std::string_view target) {
  Diagnostics diagnostics;
  TestBuildContext context(diagnostics, "redirect");
  for (const std::string_view pattern : patterns) {
    context.path_regexes.push_back(pattern.empty() ? nullptr : *PathRegex::parse(pattern));
  }
  const auto service = redirect_service().build(node(options), context);
  if (service == nullptr) return diagnostics.text();
  TestShard shard;
  TestExchange test(shard);
  test.request("GET", target, "shop.example.com");
  const auto answer = shard.run_to_end(service->handle(test.exchange));
  if (!answer) return std::string(name_of(answer.error().code));
  return std::string(answer->head.fields.get(FieldName::location));
}

TEST(Redirect, puts_in_what_the_groups_of_the_path_matched) {
  EXPECT_EQ(redirect_by({"^/p/([0-9]+)$"}, "/products/$1", "/p/42?x"), "/products/42?x");
  EXPECT_EQ(redirect_by({"^/(a)/(b)?"}, "\"/$2x$1$$\"", "/a/c"), "/xa$");
  EXPECT_EQ(redirect_by({"^/x(.*)$"}, "\"https://example.org/y$1\"", "/x/%20b"), "https://example.org/y/%20b");
  EXPECT_EQ(redirect_by({"^/a/(.*)$", "^/b/(.*)$"}, "/c/$1", "/b/d"), "/c/d");
}

TEST(Redirect, groups_cannot_choose_the_host_or_add_a_parameter) {
  EXPECT_EQ(redirect_by({"^/old(.*)$"}, "/$1", "/old/evil.example"), "/evil.example");
  EXPECT_EQ(redirect_by({"^/old/(.*)$"}, "\"/x?q=$1&r=2#$1\"", "/old/a&admin=1"), "/x?q=a%26admin%3D1&r=2#a&admin=1");
  EXPECT_EQ(redirect_by({"^/(.)(.*)$"}, "/$2$1", "/%20"), "internal");
}

TEST(Redirect, every_match_must_have_the_groups) {
  EXPECT_TRUE(redirect_by({"^/a", ""}, "/$1", "/a").contains("\"/$1\": $1 asks for a group"));
  EXPECT_TRUE(redirect_by({"^/(a)", ""}, "/$1", "/a").contains("a match of the route has no path_regex"));
}

TEST(Redirect, rehearsal_tells_the_location) {
  const auto built = build_plugin(redirect_service(), "/new");
  TestShard shard;
  TestExchange test(shard);
  test.request("GET", "/old?a", "example.com");
  ImaginedRequest imagined = test.imagined();
  const Effect effect = built.plugin->rehearse(imagined);
  EXPECT_EQ(effect.text, "redirects to /new?a with 308");
  EXPECT_TRUE(effect.answers);
  EXPECT_EQ(effect.status, 308);
}

TEST(Redirect, complains_about_targets_that_lead_nowhere_or_anywhere) {
  struct Case {
    std::string_view options;
    std::string_view said;
  };
  for (const auto& [options, said] : std::vector<Case>{
           {"", "neither a target nor a map is given"},
           {"new", "is neither a path nor an absolute URL"},
           {"\"javascript:alert(1)\"", "is neither a path nor an absolute URL"},
           {"\"//evil.example\"", "write https://evil.example or one slash"},
           {"\"/\\\\evil.example\"", "holds a character that no URL has"},
           {"\"/a b\"", "holds a character that no URL has"},
           {"\"/a\\r\\nset-cookie: x\"", "holds a character that no URL has"},
           {"\"https://\"", "is no host name or address"},
           {"\"https://user@example.org/\"", "is no host name or address"},
           {"\"https://example.org:99999/\"", "is no host name or address"},
           {"{ to: /products/$1 }", "test.yaml:1:7: redirect.to: the route has no path_regex"},
           {"/a$b", "a dollar sign is followed by a digit"},
           {"\"https://$1.example.org/\"", "would let a request choose the host"},
           {"\"https://example.org$1\"", "would let a request choose the host"},
           {"$1", "is neither a path nor an absolute URL"},
           {"{ to: /new, status: 200 }", "redirect.status"},
           {"{ to: /new, query: maybe }", "redirect.query"},
       }) {
    EXPECT_TRUE(complaints_about(redirect_service(), options).contains(said))
        << options << "\n"
        << complaints_about(redirect_service(), options);
    EXPECT_FALSE(build_plugin(redirect_service(), options).plugin) << options;
  }
}

TEST(Redirect, map_goes_first_and_to_is_for_the_rest) {
  TemporaryFolder folder;
  folder.write("old.csv", "from,to,status\n/a,/b,301\n/c,https://example.org/c?x=1\n");
  folder.enter();
  EXPECT_EQ(redirect("{ map: old.csv }", "/a?q=1"), "301 /b?q=1");
  EXPECT_EQ(redirect("{ map: old.csv, status: 302 }", "/c?q=1"), "302 https://example.org/c?x=1&q=1");
  EXPECT_EQ(redirect("{ map: old.csv, query: drop }", "/a?q=1"), "301 /b");
  EXPECT_EQ(redirect("{ map: old.csv }", "/z"), "not_found");
  EXPECT_EQ(redirect("{ map: old.csv, to: /home }", "/z"), "308 /home");
  folder.write("old.csv", "/a,//evil.example\n");
  EXPECT_TRUE(complaints_about(redirect_service(), "{ map: old.csv }").contains("old.csv:1:1: \"//evil.example\""))
      << complaints_about(redirect_service(), "{ map: old.csv }");
}

}  // namespace
}  // namespace weir
