// The filter as requests meet it: who counts together, what is charged, what the answer says, what is left behind.
#include "filters/limit/limit.h"

#include <gtest/gtest.h>

#include "base/heavy_report.h"
#include "filters/limit/testing/limit_test.h"

namespace weir::limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(LimitTest, conforms) {
  expect_conformance(limit_filter(), "100/s", "rate: 100/s");
  expect_conformance(limit_filter(), "{ in_flight: 20, key: all }", "rate: 100/s");
}

// ---- who counts together ----

TEST_F(LimitTest, each_client_address_has_a_budget_of_its_own) {
  const auto filter = build("4/s");
  EXPECT_EQ(admitted(*filter, 6), 4U);
  EXPECT_EQ(admitted(*filter, 6, from("192.0.2.8")), 4U);
  shard.world().run_for(seconds{1});
  EXPECT_EQ(admitted(*filter, 6), 4U);
}

TEST_F(LimitTest, an_ipv6_network_is_one_client) {
  const auto filter = build("3/s");
  EXPECT_EQ(admitted(*filter, 2, from("2001:db8::1")), 2U);
  EXPECT_EQ(admitted(*filter, 5, from("2001:db8::ffff:1")), 1U);
  EXPECT_EQ(admitted(*filter, 5, from("2001:db8:0:1::1")), 3U) << "another /64";
  const auto wide = build("{ rate: 3/s, ipv6_prefix: 48 }");
  EXPECT_EQ(admitted(*wide, 5, from("2001:db8::1")), 3U);
  EXPECT_EQ(admitted(*wide, 5, from("2001:db8:0:1::1")), 0U);
}

TEST_F(LimitTest, an_address_is_cut_at_the_bit) {
  const IpAddress address = IpAddress::parse("2001:db8:ffff:ffff:ffff::1").value();
  EXPECT_EQ(counted_part(address, 64).text(), "2001:db8:ffff:ffff::");
  EXPECT_EQ(counted_part(address, 57).text(), "2001:db8:ffff:ff80::");
  EXPECT_EQ(counted_part(address, 128), address);
  const IpAddress v4 = IpAddress::parse("192.0.2.7").value();
  EXPECT_EQ(counted_part(v4, 16), v4);
}

TEST_F(LimitTest, keys_are_headers_cookies_queries_paths_and_combinations) {
  const auto by_header = build("{ rate: 1/s, key: { header: x-user } }");
  EXPECT_EQ(admitted(*by_header, 3, with("x-user", "ann")), 1U);
  EXPECT_EQ(admitted(*by_header, 3, with("x-user", "bob")), 1U);
  EXPECT_EQ(admitted(*by_header, 3), 1U) << "those without share one";
  const auto by_cookie = build("{ rate: 1/s, key: { cookie: sid } }");
  EXPECT_EQ(admitted(*by_cookie, 3, with("cookie", "a=b; sid=1")), 1U);
  EXPECT_EQ(admitted(*by_cookie, 3, with("cookie", "sid=2; a=b")), 1U);
  const auto by_segment = build("{ rate: 1/s, key: { path_segment: 2 } }");
  const auto get = [](std::string_view target) {
    return [target](TestExchange& test) { test.request("GET", target, "example.com"); };
  };
  EXPECT_EQ(admitted(*by_segment, 3, get("/users/7/a")), 1U);
  EXPECT_EQ(admitted(*by_segment, 3, get("/users/7/b")), 0U);
  EXPECT_EQ(admitted(*by_segment, 3, get("/users/8/a")), 1U);
  const auto both = build("{ rate: 1/s, key: [{ header: x-user }, { query: q }] }");
  const auto user_asks = [](std::string_view user, std::string_view target) {
    return [=](TestExchange& test) { test.request("GET", target, "example.com").field("x-user", user); };
  };
  EXPECT_EQ(admitted(*both, 3, user_asks("a", "/?q=bc")), 1U);
  EXPECT_EQ(admitted(*both, 3, user_asks("ab", "/?q=c")), 1U) << "parts do not run into each other";
  EXPECT_EQ(admitted(*both, 3, user_asks("a", "/?q=bc")), 0U);
}

TEST_F(LimitTest, all_is_everybody_together) {
  const auto filter = build("{ rate: 3/s, key: all }");
  EXPECT_EQ(admitted(*filter, 2), 2U);
  EXPECT_EQ(admitted(*filter, 5, from("10.0.0.1")), 1U);
}

TEST_F(LimitTest, those_on_the_bypass_list_are_not_counted) {
  const auto filter = build("{ rate: 1/s, key: all, bypass: [10.0.0.0/8] }");
  EXPECT_EQ(admitted(*filter, 100, from("10.1.2.3")), 100U);
  EXPECT_EQ(admitted(*filter, 5), 1U);
}

// ---- several rules ----

TEST_F(LimitTest, a_request_that_one_rule_refuses_is_charged_to_none) {
  const auto filter = build("{ rules: [{ name: day, rate: 10/d }, { name: second, rate: 2/s }] }");
  for (int burst = 0; burst < 4; ++burst) {
    EXPECT_EQ(admitted(*filter, 50), 2U);
    shard.world().run_for(seconds{1});
  }
  EXPECT_EQ(ask(*filter).ratelimit, "\"day\";r=1;t=77756, \"second\";r=1;t=1");
}

TEST_F(LimitTest, a_refusal_tells_what_the_rules_that_agreed_have_kept) {
  const auto filter = build("{ rules: [{ name: day, rate: 10/d }, { name: minute, rate: 1/m }] }");
  EXPECT_EQ(ask(*filter).status, 200);
  EXPECT_TRUE(ask(*filter).ratelimit.starts_with("\"day\";r=9;"));
  RuleState& day = dynamic_cast<const Limit&>(*filter).rules()[0]->state();
  EXPECT_EQ(day.core(0).admitted.get(), 1U) << "what another rule refused was not admitted";
}

TEST_F(LimitTest, the_rule_that_refuses_longest_is_told) {
  const auto filter = build("{ rules: [{ name: second, rate: 1/s }, { name: minute, rate: 1/m }] }");
  EXPECT_EQ(ask(*filter).status, 200);
  const Outcome refused = ask(*filter);
  EXPECT_EQ(refused.retry_after, "60");
  EXPECT_TRUE(refused.body.contains("\"minute\"")) << refused.body;
}

TEST_F(LimitTest, what_stands_beside_the_list_holds_for_its_rules) {
  const auto filter = build("{ key: { header: x-user }, rules: [2/s, { rate: 3/m, algorithm: sliding_window }] }");
  EXPECT_EQ(admitted(*filter, 5, with("x-user", "ann")), 2U);
  EXPECT_EQ(admitted(*filter, 5, with("x-user", "bob")), 2U);
}

// ---- costs ----

TEST_F(LimitTest, a_request_costs_what_its_header_says_up_to_the_maximum) {
  const auto filter = build("{ rate: 10/s, cost: { header: x-cost, maximum: 8 } }");
  EXPECT_EQ(ask(*filter, with("x-cost", "5")).ratelimit, "\"10/s\";r=5;t=1");
  EXPECT_EQ(ask(*filter, with("x-cost", "-3")).ratelimit, "\"10/s\";r=4;t=1");
  EXPECT_EQ(ask(*filter, with("x-cost", "0")).ratelimit, "\"10/s\";r=3;t=1");
  EXPECT_EQ(ask(*filter, with("x-cost", "99999999999999999999999")).status, 429);
  EXPECT_EQ(ask(*filter).ratelimit, "\"10/s\";r=2;t=1");
}

TEST_F(LimitTest, a_cost_beyond_the_whole_budget_is_not_told_to_come_back) {
  const auto filter = build("{ rate: 5/s, cost: { header: x-cost } }");
  const Outcome refused = ask(*filter, with("x-cost", "6"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.retry_after, "");
  EXPECT_TRUE(refused.body.contains("more than the limit \"5/s\" ever gives")) << refused.body;
}

TEST_F(LimitTest, an_answers_cost_is_settled_and_may_leave_a_debt) {
  const auto filter = build("{ rate: 10/s, cost: { response_header: x-tokens, debt: 20 } }");
  service.fields = {{"x-tokens", "4"}};
  EXPECT_EQ(ask(*filter).ratelimit, "\"10/s\";r=9;t=1") << "what was known when the request came";
  service.fields = {{"x-tokens", "1000"}};
  EXPECT_EQ(ask(*filter).ratelimit, "\"10/s\";r=5;t=1") << "4 are gone, and 1 for this";
  EXPECT_EQ(ask(*filter).retry_after, "3") << "20 below nothing, 10 a second, and 1 for itself";
  shard.world().run_for(milliseconds{2099});
  EXPECT_EQ(ask(*filter).status, 429);
  shard.world().run_for(milliseconds{1});
  service.fields = {};
  EXPECT_EQ(ask(*filter).status, 200);
}

/// Answers after a while, and says that it was cheap.
class LateService final : public Service {
 public:
  Reply handle(Exchange& exchange) const override {
    CO_TRY_VOID(co_await Sleep(exchange.shard.reactor, milliseconds{1200}));
    Answer answer(exchange.arena);
    answer.head.status = 200;
    answer.head.fields.append("x-tokens", "1");
    co_return answer;
  }
  Effect rehearse(ImaginedRequest&) const override { return {.text = "is late", .answers = true, .status = 200}; }
};

Task<void> pass(const Filter& filter, TestExchange& test, const Service& service) {
  (void)co_await filter.handle(test.exchange, TestExchange::next(service));
}

// What is charged for what an answer may cost, and given back when it comes: nothing that time has given back already.
TEST_F(LimitTest, an_answer_that_comes_late_gives_back_no_more_than_is_owed_for_it) {
  const auto filter = build("{ rate: 10/s, cost: { fixed: 10, response_header: x-tokens } }");
  const LateService late;
  TestExchange first(shard);
  first.client("192.0.2.7");
  shard.shard().scope.spawn(pass(*filter, first, late));
  shard.world().run_for(milliseconds{1100});
  service.fields = {{"x-tokens", "10"}};
  EXPECT_EQ(ask(*filter).status, 200) << "a second has given back all of it";
  shard.world().run_for(milliseconds{100});
  EXPECT_EQ(ask(*filter).retry_after, "1") << "and the answer nothing of what another was charged";
}

// ---- waiting ----

TEST_F(LimitTest, gcra_lets_requests_wait_for_their_turn) {
  const auto filter = build("{ rate: 10/s, algorithm: gcra, delay: 150ms }");
  const Time begin = shard.shard().reactor.now();
  EXPECT_EQ(ask(*filter).record, "admitted 10/s: within_limit");
  EXPECT_EQ(ask(*filter).record, "delayed 10/s for 192.0.2.7, 0 left: waits_for_its_turn");
  EXPECT_GE(shard.shard().reactor.now() - begin, milliseconds{100});
  EXPECT_LT(shard.shard().reactor.now() - begin, milliseconds{150});
  EXPECT_EQ(service.calls, 2);
}

// ---- what is said ----

TEST_F(LimitTest, an_answer_says_what_is_left) {
  const auto filter = build("{ name: per-client, rate: 60/m, burst: 10, fields: both }");
  const Outcome first = ask(*filter);
  EXPECT_EQ(field(first, "ratelimit-policy"), "\"per-client\";q=10;w=10");
  EXPECT_EQ(first.ratelimit, "\"per-client\";r=9;t=1");
  EXPECT_EQ(field(first, "x-ratelimit-limit"), "10");
  EXPECT_EQ(field(first, "x-ratelimit-remaining"), "9");
  EXPECT_EQ(field(first, "x-ratelimit-reset"), "1");
  const Outcome older = ask(*build("{ rate: 60/m, burst: 10, fields: draft_6 }"));
  EXPECT_EQ(field(older, "ratelimit-limit"), "10");
  EXPECT_EQ(field(older, "ratelimit-remaining"), "9");
  EXPECT_EQ(field(older, "ratelimit-reset"), "1");
  EXPECT_EQ(older.ratelimit + field(older, "ratelimit-policy"), "");
  const Outcome silent = ask(*build("{ rate: 60/m, fields: none }"));
  EXPECT_EQ(silent.ratelimit + field(silent, "x-ratelimit-limit"), "");
}

TEST_F(LimitTest, a_refusal_says_by_which_rule_and_when_to_come_back) {
  const auto filter = build("{ name: per-client, rate: 1/m }");
  EXPECT_EQ(ask(*filter).status, 200);
  const Outcome refused = ask(*filter, with("accept", "application/problem+json"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.retry_after, "60");
  EXPECT_EQ(refused.ratelimit, "\"per-client\";r=0;t=60");
  EXPECT_EQ(refused.record, "refused per-client for 192.0.2.7, 0 left, again in 60 s: over_limit");
  EXPECT_EQ(
      refused.body,
      "{\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\",\"title\":\"Too Many "
      "Requests\",\"status\":429,\"detail\":\"all that the limit \\\"per-client\\\" allows is spent; try again in 60 "
      "s\",\"reason\":\"rate_limited\",\"violated-policies\":[\"per-client\"]}\n");
  EXPECT_EQ(service.calls, 1);
}

TEST_F(LimitTest, a_refusal_may_be_503) {
  const auto filter = build("{ rate: 1/m, status: 503 }");
  EXPECT_EQ(ask(*filter).status, 200);
  const Outcome refused = ask(*filter);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.retry_after, "60") << "the rule's, and no other";
}

TEST_F(LimitTest, what_may_be_a_secret_is_only_hinted_at) {
  const auto filter = build("{ rate: 1/m, key: [{ header: authorization }, { header: x-user }] }");
  const auto ann = [](TestExchange& test) { test.field("authorization", "Bearer s3cr3t").field("x-user", "ann"); };
  EXPECT_EQ(ask(*filter, ann).status, 200);
  const std::string record = ask(*filter, ann).record;
  EXPECT_FALSE(record.contains("s3cr3t")) << record;
  EXPECT_TRUE(record.contains("ann")) << record;
}

TEST_F(LimitTest, a_dry_run_refuses_nobody_and_counts_who_it_would_have) {
  const auto filter = build("{ rules: [{ name: new, rate: 1/m, dry_run: true }, { name: old, rate: 3/m }] }");
  EXPECT_EQ(admitted(*filter, 5), 3U);
  RuleState& state = dynamic_cast<const Limit&>(*filter).rules()[0]->state();
  EXPECT_EQ(state.core(0).admitted.get(), 1U);
  EXPECT_EQ(state.core(0).would_refuse.get(), 4U);
  EXPECT_EQ(state.core(0).refused.get(), 0U);
}

TEST_F(LimitTest, those_refused_most_are_known_by_name) {
  const auto filter = build("1/m");
  for (int client = 0; client < 200; ++client) {
    const std::string address = "10.0.0." + std::to_string(client);
    (void)admitted(*filter, 2, from(address));
  }
  (void)admitted(*filter, 100, from("203.0.113.9"));
  const auto heavy = dynamic_cast<const Limit&>(*filter).rules()[0]->state().core(0).heavy.all();
  EXPECT_LE(heavy.size(), limits::heavy_keys);
  const auto worst = std::ranges::max_element(heavy, {}, &HeavyKey::count);
  ASSERT_NE(worst, heavy.end());
  EXPECT_EQ(worst->text, "203.0.113.9");
  EXPECT_GE(worst->count, 99U) << "never too small";
}

TEST_F(LimitTest, whoever_spends_and_whoever_is_refused_lately_is_seen) {
  const auto filter = build("{ rate: 10/m, cost: { header: x-cost }, key: { cookie: sid } }");
  (void)admitted(*filter, 3, with("cookie", "sid=s3cr3t"));
  (void)admitted(*filter, 2, [](TestExchange& test) { test.field("cookie", "sid=s3cr3t").field("x-cost", "9"); });
  RuleState& state = dynamic_cast<const Limit&>(*filter).rules()[0]->state();
  const auto lately = [&](const LazyHeavyWindow& window) {
    HeavyReporter reporter(shard.shard().reactor.now());
    reporter.add(window);
    return reporter.report(10);
  };
  const HeavyReport spent = lately(state.core(0).spent_lately);
  ASSERT_EQ(spent.keys.size(), 1U);
  EXPECT_EQ(spent.keys[0].at_least, 3U);
  EXPECT_TRUE(spent.keys[0].text.starts_with("#")) << "a cookie is only hinted at: " << spent.keys[0].text;
  const HeavyReport refused = lately(state.core(0).refused_lately);
  EXPECT_EQ(refused.total, 18U) << "by what requests would have cost";
  EXPECT_EQ(refused.keys.at(0).text, spent.keys[0].text);
  shard.world().run_for(seconds{30});
  EXPECT_TRUE(lately(state.core(0).spent_lately).keys.empty());
}

}  // namespace
}  // namespace weir::limit
