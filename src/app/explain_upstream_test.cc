// What is foretold of an endpoint, held against what a core then does: with endpoints that are well, drained, disabled,
// ill and busy, for every policy with a key and for cookies.
#include "app/explain_upstream.h"

#include <gtest/gtest.h>

#include "app/commands/load.h"
#include "app/explain.h"
#include "contracts/testing/test_shard.h"
#include "upstream/cluster_state.h"
#include "upstream/endpoint_health.h"

namespace weir {
namespace {

constexpr std::string_view secret = "a secret that is long enough for it";

/// One upstream, `shop`, of eight endpoints, on one core.
class Foretold : public testing::Test {
 protected:
  void configure(std::string_view options) {
    config::MemorySource source;
    source.files["weir.yaml"] = "listeners: [\":8080\"]\nupstreams:\n  shop:\n    endpoints: [";
    for (int number = 1; number <= 8; ++number)
      source.files["weir.yaml"] += (number == 1 ? "" : ", ") + address(number);
    source.files["weir.yaml"] += "]\n    " + std::string(options) + "\nroutes:\n  - proxy: shop\n";
    loaded_ = load_configuration("weir.yaml", source);
    ASSERT_NE(loaded_.gateway, nullptr) << loaded_.diagnostics.text();
    shop_ = loaded_.gateway->clusters.front();
  }
  static std::string address(int number) { return "10.0.0." + std::to_string(number) + ":80"; }
  ClusterState& state() { return shop_->state(core_.shard()); }
  void say(int number, AdminState word) {
    state();
    shop_->health()->endpoint(address(number))->admin.set(word);
    shop_->health()->changed();
  }
  void find_ill(int number) {
    state();
    shop_->health()->endpoint(address(number))->checked.set(CheckState::down);
    shop_->health()->changed();
  }

  ExplainedUpstream asked(std::string field, std::string value) {
    ExplainQuestion question;
    question.url = "http://shop.test/";
    question.fields.emplace_back(std::move(field), std::move(value));
    question.now = core_.shard().reactor.wall_now();
    Explanation explanation = explain(*loaded_.gateway, question, loaded_.listener_names);
    const std::vector<Lineup> lineups{state().lineup()};
    foresee(explanation, lineups);
    return explanation.upstreams.front();
  }
  static std::string address_at(const ExplainedUpstream& upstream, std::optional<std::uint32_t> number) {
    return number ? upstream.endpoints[*number].address : "none";
  }
  /// Where the core sends it; the pools that it has tried before.
  std::string picked(const ExplainedUpstream& foretold, std::span<const std::uint64_t> tried, std::string_view& reason,
                     std::uint64_t& pool_id) {
    const Pool* pool = state().pick(shop_->balancer(), {.tried = tried, .key = foretold.request.key}, reason);
    if (pool == nullptr) return "none";
    pool_id = pool->id();
    return std::string(pool->text());
  }
  void expect_true_of_many_keys() {
    for (int user = 0; user < 300 && !HasFailure(); ++user) {
      SCOPED_TRACE(user);
      const ExplainedUpstream foretold = asked("x-user", std::to_string(user));
      std::string_view reason;
      std::uint64_t first = 0;
      EXPECT_EQ(picked(foretold, {}, reason, first), address_at(foretold, foretold.foresight.endpoint));
      EXPECT_EQ(reason, foretold.foresight.reason);
      std::uint64_t second = 0;
      EXPECT_EQ(picked(foretold, {&first, 1}, reason, second), address_at(foretold, foretold.foresight.second));
    }
  }

  TestShard core_;
  LoadedConfiguration loaded_;
  std::shared_ptr<const Cluster> shop_;
};

constexpr std::array keyed_policies{"maglev: { key: { header: x-user } }",
                                    "ring_hash: { key: { header: x-user } }",
                                    "ring_hash: { key: { header: x-user }, like: haproxy }",
                                    "jump: { key: { header: x-user } }",
                                    "rendezvous: { key: { header: x-user } }",
                                    "rendezvous: { key: { header: x-user }, replicas: 3 }",
                                    "maglev: { key: { header: x-user }, above_mean_percent: 25 }"};

TEST_F(Foretold, endpoint_of_a_key_is_the_one_that_a_core_picks) {
  for (const char* policy : keyed_policies) {
    SCOPED_TRACE(policy);
    configure("balance: { " + std::string(policy) + " }");
    expect_true_of_many_keys();
    say(2, AdminState::draining);
    say(3, AdminState::disabled);
    find_ill(5);
    expect_true_of_many_keys();
    for (const int number : {2, 3}) say(number, AdminState::enabled);
  }
}

TEST_F(Foretold, own_endpoint_of_a_key_is_where_it_goes_once_all_are_well_again) {
  configure("balance: { maglev: { key: { header: x-user } } }");
  std::map<int, std::string> before;
  for (int user = 0; user < 100; ++user) {
    const ExplainedUpstream well = asked("x-user", std::to_string(user));
    EXPECT_FALSE(well.foresight.own);
    before[user] = address_at(well, well.foresight.endpoint);
  }
  say(2, AdminState::draining);
  int moved = 0;
  for (int user = 0; user < 100; ++user) {
    const ExplainedUpstream now = asked("x-user", std::to_string(user));
    if (before[user] != address(2)) {
      EXPECT_FALSE(now.foresight.own);
      EXPECT_EQ(address_at(now, now.foresight.endpoint), before[user]);
      continue;
    }
    ++moved;
    EXPECT_EQ(address_at(now, now.foresight.own), address(2));
    EXPECT_EQ(now.endpoints[*now.foresight.own].standing, EndpointStanding::draining);
    EXPECT_NE(address_at(now, now.foresight.endpoint), address(2));
    EXPECT_EQ(rows_of(now, false)[2].text, "the key's own is 10.0.0.2:80, which is drained by an operator");
  }
  EXPECT_GT(moved, 0);
}

TEST_F(Foretold, file_says_what_a_core_does_while_all_are_well) {
  for (const char* policy : keyed_policies) {
    SCOPED_TRACE(policy);
    configure("balance: { " + std::string(policy) + " }");
    for (int user = 0; user < 50; ++user) {
      const ExplainedUpstream live = asked("x-user", std::to_string(user));
      ExplainedUpstream written = live;
      foresee(written, lineup_of(*shop_));
      EXPECT_EQ(address_at(written, written.foresight.endpoint), address_at(live, live.foresight.endpoint));
      EXPECT_FALSE(written.live);
    }
  }
}

TEST_F(Foretold, nobody_is_left) {
  configure("balance: { jump: { key: { header: x-user } } }");
  for (int number = 1; number <= 8; ++number) say(number, AdminState::draining);
  const ExplainedUpstream nobody = asked("x-user", "ann");
  EXPECT_EQ(nobody.foresight.by, Foresight::By::nobody);
  EXPECT_EQ(rows_of(nobody, false).back().text, "none, 503: taken_out_by_operator");
  for (int number = 2; number <= 8; ++number) say(number, AdminState::enabled);
  for (int number = 2; number <= 8; ++number) find_ill(number);
  const ExplainedUpstream panic = asked("x-user", "ann");
  ASSERT_TRUE(panic.foresight.endpoint);
  EXPECT_NE(rows_of(panic, false)[1].text.find("; it is found ill by its checks, but used: none_healthy"),
            std::string::npos)
      << rows_of(panic, false)[1].text;
}

TEST_F(Foretold, what_turns_and_loads_decide_is_left_open) {
  configure("balance: least_request");
  say(2, AdminState::draining);
  const ExplainedUpstream open = asked("x-user", "ann");
  EXPECT_EQ(open.foresight.by, Foresight::By::open);
  EXPECT_FALSE(open.foresight.endpoint);
  EXPECT_EQ(rows_of(open, false).front().text,
            "one of 7 as loads are then, by least_request: 10.0.0.1:80 (0 in flight), 10.0.0.3:80 (0 in flight), "
            "10.0.0.4:80 (0 in flight), 10.0.0.5:80 (0 in flight), 10.0.0.6:80 (0 in flight), 10.0.0.7:80 (0 in "
            "flight), 10.0.0.8:80 (0 in flight)");
}

TEST_F(Foretold, cookie_goes_before_the_policy) {
  configure("balance: { maglev: { key: { header: x-user } } }\n    sticky: { keys: [\"" + std::string(secret) +
            "\"] }");
  const StickyRule& rule = *shop_->settings().sticky;
  const std::string written = rule.write(address(4), core_.shard().reactor.wall_now(), false);
  const std::string cookie = written.substr(0, written.find(';'));
  const auto rows = [&] {
    std::string text;
    for (const ExplainedRow& row : rows_of(asked("cookie", cookie), false)) text += row.text + '\n';
    return text;
  };
  EXPECT_TRUE(rows().starts_with("weir-shop names 10.0.0.4:80\n")) << rows();
  EXPECT_NE(rows().find("\n10.0.0.4:80, by its cookie\n"), std::string::npos) << rows();
  say(4, AdminState::draining);
  EXPECT_NE(rows().find("\n10.0.0.4:80, by its cookie (drained_but_kept)\n"), std::string::npos) << rows();
  say(4, AdminState::disabled);
  EXPECT_TRUE(rows().starts_with("weir-shop names 10.0.0.4:80, which is disabled by an operator\n")) << rows();
  EXPECT_EQ(asked("cookie", cookie).foresight.by, Foresight::By::open) << "and the request has no key";
  EXPECT_EQ(asked("cookie", cookie).foresight.sticky->reason, "endpoint_disabled");
}

TEST_F(Foretold, one_who_may_not_leave_its_endpoint_is_refused) {
  configure("sticky: { keys: [\"" + std::string(secret) + "\"], on_failure: refuse }");
  const std::string written = shop_->settings().sticky->write(address(4), core_.shard().reactor.wall_now(), false);
  say(4, AdminState::disabled);
  const ExplainedUpstream refused = asked("cookie", written.substr(0, written.find(';')));
  EXPECT_EQ(refused.foresight.by, Foresight::By::refusal);
  EXPECT_EQ(rows_of(refused, false).back().text, "none, 503: endpoint_disabled");
}

TEST(ExplainedKey, secrets_are_not_shown) {
  const auto told = [](std::string_view selector, std::string_view value) {
    return shown(*Selector::parse(selector), value);
  };
  EXPECT_EQ(told("cookie: session", "abc"), "REDACTED");
  EXPECT_EQ(told("header: authorization", "Bearer abc"), "REDACTED");
  EXPECT_EQ(told("header: x-api-key", "abc"), "REDACTED");
  EXPECT_EQ(told("header: cookie", "a=b"), "REDACTED");
  EXPECT_EQ(told("query: token", "abc"), "REDACTED");
  EXPECT_EQ(told("query", "a=1&token=abc"), "a=1&token=REDACTED");
  EXPECT_EQ(told("header: x-user", "ann"), "ann");
  EXPECT_EQ(told("header: x-user", "a\x1b[1m"), "a\\x1b[1m");
  EXPECT_EQ(told("cookie: session", ""), "");
  EXPECT_EQ(told("path", "/" + std::string(200, 'x')), "/" + std::string(79, 'x') + "...");
}

}  // namespace
}  // namespace weir
