// Which rule wins, why the others lost, and what the author is warned of.
#include "route/router.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "base/block_pool.h"

namespace weir {
namespace {

/// A rule in few words; what is not said is not demanded.
struct Words {
  std::string_view host = "*";
  std::string_view path = "/*";  // "~..." is a regular expression
  std::vector<std::string> methods = {};
  std::vector<ValuePattern> headers = {};
  std::vector<ValuePattern> queries = {};
  std::vector<std::string_view> clients = {};
  std::vector<std::uint16_t> listeners = {};
  std::int32_t priority = 0;
};

MatchRule make_match(const Words& words) {
  MatchRule match;
  match.host = HostPattern::parse(words.host).value();
  match.path = words.path.starts_with('~') ? PathPattern::parse_regex(words.path.substr(1)).value()
                                           : PathPattern::parse(words.path).value();
  match.methods = words.methods;
  match.headers = words.headers;
  match.queries = words.queries;
  for (const std::string_view client : words.clients) match.clients.push_back(parse_client(client).value());
  return match;
}

/// Route n is the n-th of the rules and stands in line n + 1.
Router make_router(const std::vector<Words>& all) {
  std::vector<MatchRule> matches(all.size());
  std::vector<RouteRule> rules;
  for (const Words& words : all) {
    RouteRule& rule = rules.emplace_back();
    rule.route = static_cast<std::uint32_t>(rules.size() - 1);
    matches[rule.route] = make_match(words);
    rule.matches = {&matches[rule.route], 1};
    rule.listeners = words.listeners;
    rule.priority = words.priority;
    rule.place = {intern_file_name("weir.yaml"), rule.route + 1, 1};
  }
  return Router(rules);
}

constexpr std::uint32_t none = RouteDecision::none;

std::uint32_t find(const Router& router, std::string_view host, std::string_view path) {
  return router.find({.host = host, .path = path}).route;
}

class WithFields : public testing::Test {
 protected:
  BlockPool pool_;
  Arena arena_{pool_};
  Fields fields_{arena_};
};

// ---- precedence: each pair differs in one item; the better one stands second, so that order cannot help it ----

struct Pair {
  const char* name;
  Words worse;
  Words better;
};

void PrintTo(const Pair& pair, std::ostream* out) {
  *out << pair.name;
}

class RouterPrecedence : public testing::TestWithParam<Pair> {};

TEST_P(RouterPrecedence, the_more_specific_rule_wins_in_either_order) {
  BlockPool pool;
  Arena arena(pool);
  Fields fields(arena);
  fields.append("x-a", "1");
  fields.append("x-b", "2");
  const RouteFacts facts{.host = "a.b.example.com", .path = "/cart/items/7", .query = "q=1&r=2", .fields = &fields};
  const auto& [name, worse, better] = GetParam();
  EXPECT_EQ(make_router({worse, better}).find(facts).route, 1U);
  EXPECT_EQ(make_router({better, worse}).find(facts).route, 0U);
  EXPECT_EQ(make_router({worse}).find(facts).route, 0U) << "the loser alone would have won";
}

const ValuePattern header_a{"x-a", "1"};
const ValuePattern header_b{"x-b", "2"};
const ValuePattern query_q{"q", "1"};
const ValuePattern query_r{"r", {}};

INSTANTIATE_TEST_SUITE_P(
    Order, RouterPrecedence,
    testing::Values(
        Pair{"priority_over_host", {.host = "a.b.example.com", .path = "/cart/items/7"}, {.priority = 1}},
        Pair{"priority_over_path", {.path = "/cart/items/7"}, {.path = "/cart/*", .priority = 1}},
        Pair{"exact_host_over_wildcard", {.host = "*.b.example.com"}, {.host = "a.b.example.com"}},
        Pair{"longer_wildcard", {.host = "*.example.com"}, {.host = "*.b.example.com"}},
        Pair{"wildcard_over_none", {}, {.host = "*.example.com"}},
        Pair{"host_over_path", {.host = "*.example.com", .path = "/cart/items/7"}, {.host = "a.b.example.com"}},
        Pair{"exact_path_over_prefix", {.path = "/cart/items/*"}, {.path = "/cart/items/7"}},
        Pair{"longer_prefix", {.path = "/cart/*"}, {.path = "/cart/items/*"}},
        Pair{"prefix_over_none", {}, {.path = "/cart/*"}},
        Pair{"exact_over_longer_regex", {.path = "~^/cart/items/7$"}, {.path = "/cart/items/7"}},
        Pair{"regex_of_longer_literal_over_prefix", {.path = "/cart/*"}, {.path = "~^/cart/[a-z]+/7$"}},
        Pair{"prefix_over_regex_of_same_length", {.path = "~^/cart.*"}, {.path = "/cart/*"}},
        Pair{"prefix_over_floating_regex", {.path = "~items"}, {.path = "/cart/*"}},
        Pair{"floating_regex_over_none", {}, {.path = "~items"}},
        Pair{"regex_of_partial_segment", {.path = "/cart/*"}, {.path = "~^/cart/it.*"}},
        Pair{"path_over_method", {.path = "/cart/*", .methods = {"GET"}}, {.path = "/cart/items/*"}},
        Pair{"method_over_none", {}, {.methods = {"GET"}}},
        Pair{"method_over_headers", {.headers = {header_a, header_b}}, {.methods = {"GET"}}},
        Pair{"more_headers", {.headers = {header_a}}, {.headers = {header_a, header_b}}},
        Pair{"headers_over_queries", {.queries = {query_q, query_r}}, {.headers = {header_a}}},
        Pair{"more_queries", {.queries = {query_q}}, {.queries = {query_q, query_r}}}),
    [](const testing::TestParamInfo<Pair>& info) { return std::string(info.param.name); });

TEST(Router, what_still_ties_goes_to_the_earlier_rule) {
  const Router router = make_router({{.path = "/a/*", .headers = {}}, {.path = "/a/*"}});
  EXPECT_EQ(find(router, "", "/a/b"), 0U);
}

TEST(Router, falls_through_to_less_specific_hosts_and_paths) {
  const Router router = make_router({{.path = "/*"},
                                     {.host = "*.example.com", .path = "/img/*"},
                                     {.host = "shop.example.com", .path = "/cart"},
                                     {.host = "shop.example.com", .path = "/cart/*", .methods = {"POST"}}});
  EXPECT_EQ(find(router, "shop.example.com", "/cart"), 2U);
  EXPECT_EQ(find(router, "shop.example.com", "/cart/x"), 0U);
  EXPECT_EQ(find(router, "shop.example.com", "/img/x"), 1U);
  EXPECT_EQ(find(router, "other.org", "/img/x"), 0U);
  EXPECT_EQ(find(router, "", "/"), 0U);
}

TEST(Router, prefix_is_by_whole_segments) {
  const Router router = make_router({{.path = "/cart/*"}});
  for (const std::string_view path : {"/cart", "/cart/", "/cart/a"}) EXPECT_EQ(find(router, "h", path), 0U) << path;
  for (const std::string_view path : {"/cartoon", "/", "/a/cart", "*", ""}) {
    EXPECT_EQ(find(router, "h", path), none) << path;
  }
}

TEST(Router, names_the_match_and_its_place) {
  std::vector<RouteRule> rules(1);
  rules[0].route = 7;
  rules[0].place = {intern_file_name("weir.yaml"), 3, 5};
  std::vector<MatchRule> matches{make_match({.path = "/a"}), make_match({.path = "/b"})};
  matches[1].place = {intern_file_name("weir.yaml"), 9, 5};
  rules[0].matches = matches;
  const Router router(rules);
  const RouteDecision first = router.find({.path = "/a"});
  EXPECT_EQ(first.route, 7U);
  EXPECT_EQ(first.match, 0U);
  EXPECT_EQ(first.place.line, 3U) << "a match without a place of its own has its route's";
  const RouteDecision second = router.find({.path = "/b"});
  EXPECT_EQ(second.match, 1U);
  EXPECT_EQ(second.place.line, 9U);
  EXPECT_EQ(name_of(second.reason), "matched");
}

TEST(Router, a_route_without_matches_takes_everything) {
  std::vector<RouteRule> rules(1);
  const Router router(rules);
  EXPECT_EQ(find(router, "any.host", "/any/path"), 0U);
  EXPECT_EQ(find(router, "", "*"), 0U);
}

TEST(Router, without_routes_nothing_is_found) {
  const Router router;
  EXPECT_FALSE(router.find({.host = "h", .path = "/"}).matched());
  EXPECT_EQ(router.size(), 0U);
}

TEST(Router, says_when_only_the_method_kept_a_rule_from_holding) {
  const Router router = make_router({{.path = "/a", .methods = {"GET", "PUT"}}, {.path = "/a", .methods = {"POST"}}});
  const RouteDecision decision = router.find({.method = Method::delete_, .method_text = "DELETE", .path = "/a"});
  EXPECT_FALSE(decision.matched());
  EXPECT_EQ(decision.reason, RouteReason::method_not_allowed);
  const unsigned allowed = 1U << unsigned(Method::get) | 1U << unsigned(Method::put) | 1U << unsigned(Method::post);
  EXPECT_EQ(decision.methods_allowed, allowed);
  EXPECT_EQ(router.find({.path = "/b"}).reason, RouteReason::no_route);
}

TEST(Router, knows_methods_that_nobody_registered) {
  const Router router = make_router({{.methods = {"PURGE"}}});
  EXPECT_TRUE(router.find({.method = Method::other, .method_text = "PURGE", .path = "/"}).matched());
  EXPECT_FALSE(router.find({.method = Method::other, .method_text = "purge", .path = "/"}).matched());
  EXPECT_FALSE(router.find({.method = Method::head, .method_text = "HEAD", .path = "/"}).matched());
}

TEST(Router, binds_routes_to_listeners) {
  const Router router = make_router({{.path = "/a", .listeners = {3}}, {.listeners = {2, 1}}});
  EXPECT_EQ(router.find({.listener = 3, .path = "/a"}).route, 0U);
  EXPECT_EQ(router.find({.listener = 1, .path = "/a"}).route, 1U);
  EXPECT_EQ(router.find({.listener = 0, .path = "/a"}).route, none);
}

TEST(Router, matches_client_blocks) {
  const Router router = make_router({{.clients = {"10.0.0.0/8", "2001:db8::/32"}}});
  EXPECT_TRUE(router.find({.path = "/", .client = IpAddress::parse("10.1.2.3").value()}).matched());
  EXPECT_TRUE(router.find({.path = "/", .client = IpAddress::parse("2001:db8::1").value()}).matched());
  EXPECT_FALSE(router.find({.path = "/", .client = IpAddress::parse("192.168.0.1").value()}).matched());
}

TEST_F(WithFields, headers_compare_the_first_line_of_a_name) {
  fields_.append("x-a", "b");
  fields_.append("x-a", "c");
  fields_.append("accept", "text/html");
  const auto holds = [&](ValuePattern pattern) {
    return make_router({{.headers = {std::move(pattern)}}}).find({.path = "/", .fields = &fields_}).matched();
  };
  EXPECT_TRUE(holds({"x-a", "b"}));
  EXPECT_FALSE(holds({"x-a", "c"}));
  EXPECT_TRUE(holds({"accept", {}}));
  EXPECT_FALSE(holds({"x-missing", {}}));
}

TEST(Router, queries_are_decoded_and_the_first_value_counts) {
  const auto holds = [](ValuePattern pattern, std::string_view query) {
    return make_router({{.queries = {std::move(pattern)}}}).find({.path = "/", .query = query}).matched();
  };
  EXPECT_TRUE(holds({"q", "x"}, "a=1&q=x"));
  EXPECT_FALSE(holds({"q", "x"}, "q=y&q=x"));
  EXPECT_TRUE(holds({"q", "a b&c"}, "q=a+b%26c"));
  EXPECT_TRUE(holds({"q", "x"}, "%71=x"));
  EXPECT_TRUE(holds({"q", "%zz%4"}, "q=%zz%4"));
  EXPECT_TRUE(holds({"q", {}}, "q"));
  EXPECT_TRUE(holds({"q", ""}, "&&q=&"));
  EXPECT_TRUE(holds({"q", "a=b"}, "q=a=b"));
  EXPECT_FALSE(holds({"q", {}}, "qq=1&=q"));
  EXPECT_FALSE(holds({"q", "xy"}, "q=x"));
}

TEST(Router, copes_with_very_deep_names_and_paths) {
  std::string prefix;
  for (int depth = 0; depth < 100; ++depth) prefix += "/d";
  const std::string deeper = prefix + "/e";
  std::string host = "example.com";
  for (int depth = 0; depth < 120; ++depth) host.insert(0, "a.");
  const Router router =
      make_router({{.path = prefix + "/*"}, {.path = deeper + "/*"}, {.path = deeper}, {.host = "*.example.com"}});
  EXPECT_EQ(find(router, "h", prefix + "/x"), 0U);
  EXPECT_EQ(find(router, "h", deeper + "/x"), 1U);
  EXPECT_EQ(find(router, "h", deeper), 2U);
  EXPECT_EQ(find(router, host, "/"), 3U);
  EXPECT_EQ(find(router, "a.b.example.com", "/"), 3U);
}

// ---- explain ----

TEST(RouterExplain, names_the_nearest_losers_and_the_demand_that_failed) {
  const Router router = make_router({{.host = "shop.example.com", .path = "/cart/*", .methods = {"GET", "POST"}},
                                     {.host = "shop.example.com", .path = "/cart/*", .methods = {"PUT"}},
                                     {.host = "*.example.com", .path = "/cart/*"},
                                     {.host = "other.org", .path = "/cart/*"},
                                     {.host = "shop.example.com", .path = "/help"},
                                     {.path = "/cart/*", .queries = {{"debug", "1"}}, .listeners = {}},
                                     {.path = "/cart/*", .listeners = {5, 6}},
                                     {.host = "other.org", .path = "/nothing/alike"}});
  const RouteExplanation answer = router.explain({.host = "shop.example.com", .path = "/cart/1"});
  EXPECT_EQ(answer.decision.route, 0U);
  ASSERT_EQ(answer.losers.size(), 6U) << "of the last rule neither host nor path holds";
  EXPECT_EQ(answer.losers[0].route, 2U);
  EXPECT_EQ(answer.losers[0].reason, LostBy::less_specific);
  const auto loser = [&](std::uint32_t route) { return *std::ranges::find(answer.losers, route, &Loser::route); };
  EXPECT_EQ(loser(1).reason, LostBy::method);
  EXPECT_EQ(loser(1).wanted, "PUT");
  EXPECT_EQ(loser(1).place.line, 2U);
  EXPECT_EQ(loser(3).reason, LostBy::host);
  EXPECT_EQ(loser(3).wanted, "other.org");
  EXPECT_EQ(loser(4).reason, LostBy::path);
  EXPECT_EQ(loser(4).wanted, "/help");
  EXPECT_EQ(loser(5).reason, LostBy::query);
  EXPECT_EQ(loser(5).wanted, "debug=1");
  EXPECT_EQ(loser(6).reason, LostBy::listener);
  EXPECT_EQ(loser(6).wanted, "5, 6");
  EXPECT_EQ(router.explain({.host = "shop.example.com", .path = "/cart/1"}, 2).losers.size(), 2U);
}

// ---- warnings ----

std::string warnings_of(const std::vector<Words>& rules) {
  std::string text;
  for (const RouteWarning& warning : make_router(rules).warnings()) {
    text += warning.kind == RouteWarning::Kind::shadowed ? "shadowed " : "order ";
    text += std::to_string(warning.rule.place.line) + " by " + std::to_string(warning.by.place.line) + "\n";
  }
  return text;
}

TEST(RouterWarnings, a_tie_that_only_the_order_decides) {
  EXPECT_EQ(warnings_of({{.path = "/a", .headers = {{"x", {}}}}, {.path = "/a", .headers = {{"y", {}}}}}),
            "order 2 by 1\n");
  EXPECT_EQ(warnings_of({{.methods = {"GET", "PUT"}}, {.methods = {"GET", "POST"}}}), "order 2 by 1\n");
}

TEST(RouterWarnings, rules_that_never_meet_are_no_tie) {
  EXPECT_EQ(warnings_of({{.methods = {"GET"}}, {.methods = {"POST"}}}), "");
  EXPECT_EQ(warnings_of({{.headers = {{"x", "1"}}}, {.headers = {{"x", "2"}}}}), "");
  EXPECT_EQ(warnings_of({{.queries = {{"x", "1"}}}, {.queries = {{"x", "2"}}}}), "");
  EXPECT_EQ(warnings_of({{.clients = {"10.0.0.0/8"}}, {.clients = {"11.0.0.0/8"}}}), "");
  EXPECT_EQ(warnings_of({{.listeners = {1}}, {.listeners = {2}}}), "");
  EXPECT_EQ(warnings_of({{.path = "~^/a/[0-9]+$"}, {.path = "~^/a/[a-z]+$"}}), "");
  EXPECT_EQ(warnings_of({{.host = "a.org"}, {.host = "b.org"}}), "");
}

TEST(RouterWarnings, a_rule_that_can_never_win) {
  EXPECT_EQ(warnings_of({{.path = "/a/*"}, {.path = "/a/*"}}), "shadowed 2 by 1\n");
  EXPECT_EQ(warnings_of({{.methods = {"GET", "POST"}}, {.methods = {"GET"}}}), "shadowed 2 by 1\n");
  EXPECT_EQ(warnings_of({{.path = "~^/a"}, {.path = "~^/a"}}), "shadowed 2 by 1\n");
  EXPECT_EQ(warnings_of({{.clients = {"10.0.0.0/8"}}, {.clients = {"10.1.0.0/16"}}}), "shadowed 2 by 1\n");
}

TEST(RouterWarnings, a_higher_priority_may_shadow_other_hosts_and_paths) {
  EXPECT_EQ(warnings_of(
                {{.host = "a.example.com", .path = "/x/y"}, {.host = "*.example.com", .path = "/x/*", .priority = 1}}),
            "shadowed 1 by 2\n");
  EXPECT_EQ(
      warnings_of({{.host = "a.example.com", .path = "/x"}, {.host = "*.example.com", .path = "/y/*", .priority = 1}}),
      "");
  EXPECT_EQ(warnings_of({{.host = "example.com"}, {.host = "*.example.com", .priority = 1}}), "");
  EXPECT_EQ(warnings_of({{.path = "/x/*", .methods = {"GET"}}, {.path = "/x/*"}}), "")
      << "specific over general is no fault";
}

}  // namespace
}  // namespace weir
