// The filter as requests meet it: who counts together, what is charged, what the answer says, what is left behind.
#include "filters/limit/limit.h"

#include <gtest/gtest.h>

#include <functional>

#include "contracts/shared_states.h"
#include "contracts/testing/conformance.h"
#include "filters/limit/told_fields.h"
#include "server/error_reply.h"

namespace weir::limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A context that keeps counters, as a process does.
class KeepingContext final : public BuildContext {
 public:
  KeepingContext(Diagnostics& told, SharedStates& states, unsigned cores_in) : BuildContext(told, "routes[0].limit") {
    shared_states = &states;
    cores = cores_in;
  }
  std::shared_ptr<const Cluster> cluster(const Node&) override { return {}; }
};

using Prepare = std::function<void(TestExchange&)>;

class LimitTest : public testing::Test {
 protected:
  std::unique_ptr<const Filter> build(std::string_view options, unsigned cores = 1) {
    Diagnostics told;
    KeepingContext context(told, states, cores);
    auto filter = limit_filter().build(node(options), context);
    EXPECT_TRUE(filter) << told.text();
    return filter;
  }

  struct Outcome {
    Status status = 0;
    std::string ratelimit;
    std::string retry_after;
    std::string body;
    std::string record;  // of the last decision
    Fields fields;
  };

  /// One request; a refusal becomes the answer that a client would see.
  Outcome ask(const Filter& filter, const Prepare& prepare = [](TestExchange&) {}) {
    TestExchange test(shard);
    test.client("192.0.2.7");
    prepare(test);
    Result<Answer> answer = shard.run_to_end(filter.handle(test.exchange, TestExchange::next(service)));
    Outcome outcome{.fields = Fields(arena)};
    outcome.record = record_of(test);
    Answer shown = answer ? std::move(*answer) : error_reply(test.exchange, answer.error());
    outcome.status = shown.head.status;
    for (const Field& field : shown.head.fields) {
      outcome.fields.append(arena.copy(field.name), arena.copy(field.value));
      if (field.name == "ratelimit") outcome.ratelimit = field.value;
      if (field.name == "retry-after") outcome.retry_after = field.value;
    }
    if (shown.body != nullptr) outcome.body = shard.run_to_end(shown.body->read())->bytes;
    return outcome;
  }

  static std::string record_of(const TestExchange& test) {
    const DecisionRecord* const record = test.last_record();
    if (record == nullptr) return "";
    return std::string(record->verdict) + ' ' + std::string(record->subject) + ": " + std::string(record->reason);
  }

  std::string field(const Outcome& outcome, std::string_view name) {
    const Field* const found = outcome.fields.find(name);
    return found == nullptr ? "" : std::string(found->value);
  }

  unsigned admitted(const Filter& filter, unsigned tries, const Prepare& prepare = [](TestExchange&) {}) {
    unsigned count = 0;
    for (; tries > 0; --tries) count += ask(filter, prepare).status == 200 ? 1 : 0;
    return count;
  }

  TestShard shard;
  Arena arena{shard.shard().blocks};
  SharedStates states;
  CountingService service;
};

Prepare from(std::string_view address) {
  return [address](TestExchange& test) { test.client(address); };
}
Prepare with(std::string_view name, std::string_view value) {
  return [name, value](TestExchange& test) { test.field(name, value); };
}

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

// ---- in flight ----

TEST_F(LimitTest, counts_requests_in_flight_until_they_are_over) {
  const auto filter = build("{ name: open, in_flight: 2 }");
  std::vector<std::unique_ptr<TestExchange>> open;
  const auto begin = [&] {
    open.push_back(std::make_unique<TestExchange>(shard));
    return shard.run_to_end(filter->handle(open.back()->exchange, TestExchange::next(service)));
  };
  EXPECT_TRUE(begin());
  const Result<Answer> second = begin();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->head.fields.find("ratelimit")->value, "\"open\";r=0");
  EXPECT_EQ(second->head.fields.find("ratelimit-policy")->value, "\"open\";q=2;qu=\"concurrent-requests\"");
  const Result<Answer> third = begin();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Code::too_many_in_flight);
  open.erase(open.begin());
  EXPECT_TRUE(begin());
  open.clear();
  EXPECT_EQ(admitted(*filter, 5), 5U);
}

TEST_F(LimitTest, a_place_is_given_back_although_the_configuration_has_gone) {
  auto filter = build("{ in_flight: 1 }");
  auto open = std::make_unique<TestExchange>(shard);
  ASSERT_TRUE(shard.run_to_end(filter->handle(open->exchange, TestExchange::next(service))));
  filter.reset();
  open.reset();
}

// ---- waiting ----

TEST_F(LimitTest, gcra_lets_requests_wait_for_their_turn) {
  const auto filter = build("{ rate: 10/s, algorithm: gcra, delay: 150ms }");
  const Time begin = shard.shard().reactor.now();
  EXPECT_EQ(ask(*filter).record, "admitted 10/s: within_limit");
  EXPECT_EQ(ask(*filter).record, "delayed 10/s: waits_for_its_turn");
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
  EXPECT_EQ(refused.record, "refused per-client for 192.0.2.7: over_limit");
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
  EXPECT_LE(heavy.size(), limits::limit_heavy_keys);
  const auto worst = std::ranges::max_element(heavy, {}, &HeavyKey::count);
  ASSERT_NE(worst, heavy.end());
  EXPECT_EQ(worst->text, "203.0.113.9");
  EXPECT_GE(worst->count, 99U) << "never too small";
}

// ---- replay, reload, cores ----

TEST_F(LimitTest, recorded_facts_give_the_same_verdict_again) {
  for (const std::string_view algorithm : {"token_bucket", "gcra", "fixed_window", "sliding_window", "sliding_log"}) {
    const bool is_log = algorithm == "sliding_log";
    const auto filter = build("{ rate: 5/s, algorithm: " + std::string(algorithm) + (is_log ? ", scope: local" : "") +
                              ", cost: { header: x-cost } }");
    const Rule& rule = *dynamic_cast<const Limit&>(*filter).rules().front();
    Random random(7);
    auto settings = std::make_shared<Snapshot>();
    for (int request = 0; request < 500; ++request) {
      TestExchange test(shard, settings);
      test.client("192.0.2.7").field("x-cost", std::to_string(1 + random.below(7)));
      const bool passed = shard.run_to_end(filter->handle(test.exchange, TestExchange::next(service))).has_value();
      const auto facts = facts_from<LimitFacts>(test.last_record()->facts);
      ASSERT_TRUE(facts);
      ASSERT_EQ(rule.decide_again(*facts), passed) << algorithm << ' ' << request;
      shard.world().run_for(milliseconds{static_cast<std::int64_t>(random.below(300))});
    }
  }
}

TEST_F(LimitTest, a_reload_keeps_what_unchanged_rules_have_counted) {
  auto old = build("{ name: a, rate: 5/m }");
  EXPECT_EQ(admitted(*old, 3), 3U);
  const auto same = build("{ name: a, rate: 5/m, fields: both }");
  old.reset();
  EXPECT_EQ(admitted(*same, 5), 2U) << "what clients are told is no part of the rule";
  const auto changed = build("{ name: a, rate: 6/m }");
  EXPECT_EQ(admitted(*changed, 10), 6U) << "another budget begins anew";
  const auto unnamed = build("5/m");
  EXPECT_EQ(admitted(*unnamed, 10), 5U);
  EXPECT_EQ(admitted(*build("5/m"), 10), 0U) << "found by its place in the configuration";
}

TEST_F(LimitTest, a_local_rule_gives_each_core_its_share) {
  const auto filter = build("{ rate: 8/s, scope: local }", 4);
  EXPECT_EQ(admitted(*filter, 100), 2U);
  shard.world().run_for(milliseconds{500});
  EXPECT_EQ(admitted(*filter, 100), 1U);
  const auto window = build("{ rate: 9/s, algorithm: fixed_window, scope: local }", 4);
  EXPECT_EQ(admitted(*window, 100), 2U);
}

TEST_F(LimitTest, a_share_of_less_than_one_request_is_refused_when_the_configuration_is_read) {
  Diagnostics told;
  KeepingContext context(told, states, 4);
  EXPECT_FALSE(limit_filter().build(node("{ rate: 3/s, scope: local }"), context));
  EXPECT_TRUE(told.text().contains("less than one request")) << told.text();
}

// ---- quotas and bandwidth ----

// A quota is told like any budget, until its period ends; months have no fixed length to tell.
TEST_F(LimitTest, a_quota_tells_what_is_left_of_its_period) {
  const auto filter = build("{ quota: 2/hour, key: { header: x-user } }");
  const Outcome first = ask(*filter, with("x-user", "ann"));
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(field(first, "ratelimit-policy"), "\"2/hour\";q=2;w=3600");
  EXPECT_TRUE(first.ratelimit.starts_with("\"2/hour\";r=1;t=")) << first.ratelimit;
  EXPECT_EQ(admitted(*filter, 5, with("x-user", "ann")), 1U);
  EXPECT_EQ(admitted(*filter, 5, with("x-user", "bob")), 2U);
  const Outcome refused = ask(*filter, with("x-user", "ann"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.record, "refused 2/hour for ann: over_limit");
  const auto monthly = build("{ quota: 1000/month, time_zone: America/New_York, key: all }");
  EXPECT_EQ(field(ask(*monthly), "ratelimit-policy"), "\"1000/month\";q=1000");
}

TEST_F(LimitTest, a_quota_and_a_rate_hold_together) {
  const auto filter = build("{ rules: [{ rate: 1/s, burst: 3 }, { quota: 5/day }] }");
  EXPECT_EQ(admitted(*filter, 9), 3U);
  EXPECT_EQ(field(ask(*filter), "ratelimit").substr(0, 9), "\"1/s\";r=0");
}

// Content of the answer waits; the request is never refused, and says that it is paced.
TEST_F(LimitTest, bandwidth_slows_content_down) {
  const std::string content(5000, 'x');
  class Page final : public Service {
   public:
    explicit Page(std::string_view text) : text_(text) {}
    Reply handle(Exchange& exchange) const override {
      Answer answer(exchange.arena);
      answer.head.status = 200;
      answer.body = BodyPointer(exchange.arena.make<FixedBody>(text_));
      co_return answer;
    }
    Effect rehearse(ImaginedRequest&) const override { return {.text = "a page", .answers = true, .status = 200}; }

   private:
    std::string_view text_;
  };
  const Page page(content);
  const auto filter = build("{ bandwidth: { rate: 1KiB/s, burst: 1KiB }, key: connection }");
  TestExchange test(shard);
  test.client("192.0.2.7");
  Result<Answer> answer = shard.run_to_end(filter->handle(test.exchange, TestExchange::next(page)));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->head.fields.find(std::string_view("ratelimit")) != nullptr) << "nothing is counted";
  EXPECT_EQ(record_of(test), "paced 1KiB/s: content_of_the_response");
  const Time begin = shard.shard().reactor.now();
  std::size_t bytes = 0;
  while (true) {
    const Result<Piece> piece = shard.run_to_end(answer->body->read());
    ASSERT_TRUE(piece);
    bytes += piece->bytes.size();
    if (piece->end) break;
  }
  EXPECT_EQ(bytes, content.size());
  const Duration took = shard.shard().reactor.now() - begin;
  EXPECT_GE(took, milliseconds{3882}) << "(5000 - 1024) / 1024 seconds";
  EXPECT_LE(took, milliseconds{4500});
}

TEST_F(LimitTest, bandwidth_of_requests_slows_uploads_down) {
  const auto filter = build("{ bandwidth: { rate: 1KiB/s, burst: 1KiB, direction: request } }");
  TestExchange test(shard);
  test.client("192.0.2.7").content({Framing::Kind::length, 10}, {"0123456789"});
  const Body* const before = test.exchange.request_body.get();
  ASSERT_TRUE(shard.run_to_end(filter->handle(test.exchange, TestExchange::next(service))));
  EXPECT_NE(test.exchange.request_body.get(), before);
  EXPECT_EQ(record_of(test), "paced 1KiB/s of requests: content_of_the_request");
}

TEST_F(LimitTest, says_what_is_wrong_with_quotas_and_bandwidth) {
  const auto complaint = [](std::string_view options) { return complaints_about(limit_filter(), options); };
  EXPECT_TRUE(complaint("{ quota: 5 }").contains("write 10000/month"));
  EXPECT_TRUE(complaint("{ quota: 5/year }").contains("write 10000/month"));
  EXPECT_TRUE(complaint("{ quota: 0/day }").contains("nothing through"));
  EXPECT_TRUE(complaint("{ quota: 5000000000/day }").contains("a quota counts to"));
  EXPECT_TRUE(complaint("{ quota: 5/day, time_zone: Europe/Berln }").contains("not among the time zones"));
  EXPECT_TRUE(complaint("{ quota: 5/day, time_zone: ../../etc/passwd }").contains("no name of a time zone"));
  EXPECT_TRUE(complaint("{ quota: 5/day, rate: 1/s }").contains("no meaning beside quota"));
  EXPECT_TRUE(complaint("{ quota: 5/day, scope: local }").contains("all cores together"));
  EXPECT_TRUE(complaint("{ quota: 5/day, cost: 6 }").contains("all there ever is"));
  EXPECT_TRUE(complaint("{ rate: 5/s, time_zone: UTC }").contains("only a quota has a time zone"));
  EXPECT_TRUE(complaint("{ rate: 5/s, key: connection }").contains("only bandwidth"));
  EXPECT_TRUE(complaint("{ bandwidth: 5 }").contains("write 1MiB/s"));
  EXPECT_TRUE(complaint("{ bandwidth: none/s }").contains("limits nothing"));
  EXPECT_TRUE(complaint("{ bandwidth: 0B/s }").contains("nothing through"));
  EXPECT_TRUE(complaint("{ bandwidth: 1KiB/s, cost: 2 }").contains("no meaning beside bandwidth"));
  EXPECT_TRUE(complaint("{ bandwidth: { rate: 1B/s, burst: 1GiB } }").contains("over a day"));
}

// ---- the kernel's memory maps ----

// Rules beyond the tables there may be are a mistake with a place; other states, rules that exist and rules that went
// do not count.
TEST_F(LimitTest, tables_of_all_rules_together_are_bounded) {
  class Other final : public SharedState {};
  std::vector<std::shared_ptr<Other>> others;
  for (int number = 0; number < 100; ++number)
    others.push_back(states.find_or_make<Other>(std::to_string(number), &std::make_shared<Other>));
  const auto attempt = [&](const std::string& name, const std::string& more, std::string& complaint) {
    Diagnostics told;
    KeepingContext context(told, states, 2);
    auto filter = limit_filter().build(node("{ rate: 5/s, keys: 1, name: \"" + name + "\"" + more + " }"), context);
    complaint = told.text();
    return filter;
  };
  std::string complaint;
  std::vector<std::unique_ptr<const Filter>> filters;
  for (std::size_t number = 0; number + 1 < limits::limit_tables; ++number) {
    filters.push_back(attempt(std::to_string(number), "", complaint));
    ASSERT_TRUE(filters.back()) << number << ": " << complaint;
  }
  EXPECT_FALSE(attempt("local", ", scope: local", complaint)) << "two cores, and one table is left";
  EXPECT_TRUE(complaint.contains("16384 tables are in use")) << complaint;
  const auto last = attempt("last", "", complaint);
  ASSERT_TRUE(last);
  EXPECT_FALSE(attempt("one more", "", complaint));
  EXPECT_TRUE(attempt("7", "", complaint)) << "a reload finds what it has: " << complaint;
  filters.resize(filters.size() - 2);
  EXPECT_TRUE(attempt("local", ", scope: local", complaint)) << complaint;
}

// ---- mistakes ----

TEST_F(LimitTest, says_what_is_wrong) {
  const auto complaint = [](std::string_view options) { return complaints_about(limit_filter(), options); };
  EXPECT_TRUE(complaint("{ burst: 5 }").contains("write rate: 100/s or in_flight: 20"));
  EXPECT_TRUE(complaint("100").contains("write 100/s"));
  EXPECT_TRUE(complaint("{ rate: 1/s, scope: cluster }").contains("\"cluster\" is not shared"));
  EXPECT_TRUE(complaint("{ rate: 1/s, scope: fleet }").contains("there is no fleet that could hold this limit"));
  EXPECT_TRUE(complaint("{ rate: 1/s, scope: redis }").contains("scope: redis, and no Redis to count in"));
  EXPECT_TRUE(complaint("{ rate: 1/s, algorithm: sliding_log }").contains("scope: local"));
  EXPECT_TRUE(complaint("{ rate: 1/s, algorithm: fixed_window, burst: 2 }").contains("a window has no burst"));
  EXPECT_TRUE(complaint("{ rate: 1/s, delay: 1s }").contains("algorithm: gcra"));
  EXPECT_TRUE(complaint("{ rate: 0/s }").contains("nothing through"));
  EXPECT_TRUE(complaint("{ in_flight: 0 }").contains("nothing through"));
  EXPECT_TRUE(complaint("{ in_flight: 2, cost: 2 }").contains("no meaning beside in_flight"));
  EXPECT_TRUE(complaint("{ rate: 5/s, cost: 6 }").contains("all there ever is"));
  EXPECT_TRUE(complaint("{ rules: [1/s, 1/s] }").contains("two rules are called"));
  EXPECT_TRUE(complaint("{ rules: [] }").contains("no rules"));
  EXPECT_TRUE(complaint("[1/s]").contains("under `rules`"));
  EXPECT_TRUE(complaint("{ rate: 1/s, name: \"a\\\"b\" }").contains("cannot stand in a field"));
  EXPECT_TRUE(complaint("{ rate: 100000/d, algorithm: sliding_log, scope: local }").contains("keys take"));
  EXPECT_TRUE(complaint("{ rate: 1/s, cost: { fixed: 5, maximum: 2 } }").contains("more than its maximum"));
  EXPECT_TRUE(complaint("{ rules: [{ rate: 1/s }, { burst: 3 }] }").contains("rules[1]"));
}

TEST(LimitFields, costs_are_read_strictly) {
  EXPECT_EQ(read_cost("7", 10, 1), 7U);
  EXPECT_EQ(read_cost(" 7 ", 10, 1), 7U);
  EXPECT_EQ(read_cost("70", 10, 1), 10U);
  EXPECT_EQ(read_cost("0", 10, 3), 1U);
  for (const std::string_view bad : {"", "-7", "7.5", "7, 8", "seven", "+7"})
    EXPECT_EQ(read_cost(bad, 10, 3), 3U) << bad;
}

}  // namespace
}  // namespace weir::limit
