// Rules that Redis counts, as requests meet them: one call for all, the fallbacks, leases, and never more than the
// limit.
#include "filters/limit/redis/rules.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>

#include "base/random.h"
#include "contracts/shared_states.h"
#include "contracts/testing/conformance.h"
#include "filters/limit/limit.h"
#include "filters/limit/redis/testing/counting_redis.h"
#include "filters/limit/stated_bounds.h"
#include "server/error_reply.h"

namespace weir::limit {
namespace {

using namespace std::chrono_literals;

class NamedContext final : public BuildContext {
 public:
  NamedContext(Diagnostics& told, SharedStates& states, std::string path_in) : BuildContext(told, std::move(path_in)) {
    shared_states = &states;
  }
  std::shared_ptr<const Cluster> cluster(const Node&) override { return {}; }
};

class Log final : public Notices {
 public:
  void warning(std::string_view text) override { lines.emplace_back(text); }
  std::vector<std::string> lines;
};

/// A gateway with one core.
struct Gate {
  explicit Gate(SimNetwork& network, SimWorld& world_in)
      : io(network), shard(0, io, 1, executor, resolver), world(world_in) {
    shard.notices = &log;
    world.add(shard.reactor);
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() {
    filter.reset();
    shard.for_each_state([](ShardState& state) { state.stop(); });
    shard.scope.cancel(gateway_error(Code::draining));
    world.run_until([&] { return shard.scope.running() == 0; });
    world.remove(shard.reactor);
  }
  void configure(const std::string& options, const std::string& path = "routes[0].filters[0].limit") {
    Diagnostics told;
    NamedContext context(told, states, path);
    filter = limit_filter().build(node(options), context);
    ASSERT_TRUE(filter) << told.text();
  }

  SimIo io;
  InlineExecutor executor;
  LiteralResolver resolver;
  Log log;
  Shard shard;
  SimWorld& world;
  SharedStates states;
  std::unique_ptr<const Filter> filter;
};

struct Outcome {
  bool done = false;
  Status status = 0;
  std::string record;
  std::string ratelimit;
  std::string retry_after;
  Duration took{};
};

class HostOfOne final : public ExchangeHost {
 public:
  Task<Result<void>> interim(const ResponseHead&) override { co_return Result<void>{}; }
  void limit_time(Time) override {}
};

class RedisLimit : public testing::Test {
 protected:
  static Task<void> run(Gate& gate, const CountingService& service, std::string client, std::string user, int cost,
                        std::shared_ptr<Outcome> outcome) {
    const ConnectionFacts connection;
    HostOfOne host;
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->stories.memory_bytes = 1;  // facts are kept
    SnapshotPin pin(*new ShardSnapshot(std::move(snapshot), [](std::shared_ptr<const Snapshot>) {}));
    Exchange exchange(gate.shard, connection, std::move(pin), host);
    exchange.client.address = *IpAddress::parse(client);
    if (!user.empty()) exchange.request.fields.append("x-user", exchange.arena.copy(user));
    if (cost > 1) exchange.request.fields.append("x-cost", exchange.arena.copy(std::to_string(cost)));
    const Time began = gate.shard.reactor.now();
    {
      Result<Answer> answer = co_await gate.filter->handle(exchange, {{}, service});
      outcome->took = gate.shard.reactor.now() - began;
      for (const DecisionRecord* record = exchange.first_record(); record != nullptr; record = record->next) {
        if (record->room != "limit") continue;
        outcome->record +=
            (outcome->record.empty() ? "" : "; ") + std::string(record->verdict) + ' ' + std::string(record->reason);
        expect_the_same_again(gate, *record);
      }
      const Answer shown = answer ? std::move(*answer) : error_reply(exchange, answer.error());
      outcome->status = shown.head.status;
      if (const Field* field = shown.head.fields.find("ratelimit")) outcome->ratelimit = field->value;
      if (const Field* field = shown.head.fields.find(FieldName::retry_after)) outcome->retry_after = field->value;
    }
    exchange.finish({});
    outcome->done = true;
  }

  /// What a record says comes out of its facts.
  static void expect_the_same_again(const Gate& gate, const DecisionRecord& record) {
    const auto facts = facts_from<RedisFacts>(record.facts);
    if (!facts) return;  // decided by what is counted here alone
    for (const auto& rule : static_cast<const Limit&>(*gate.filter).rules()) {
      if (!record.subject.starts_with(rule->name())) continue;
      const RedisVerdict again = rule->decide_again(*facts);
      EXPECT_EQ(again.reason, record.reason);
      EXPECT_EQ(again.verdict.admitted, record.verdict != "refused" && record.verdict != "would_refuse");
    }
  }

  std::shared_ptr<Outcome> begin(Gate& gate, std::string client = "192.0.2.7", std::string user = "", int cost = 1) {
    auto outcome = std::make_shared<Outcome>();
    gate.shard.scope.spawn(run(gate, service, std::move(client), std::move(user), cost, outcome));
    return outcome;
  }
  Outcome ask(Gate& gate, std::string client = "192.0.2.7", std::string user = "", int cost = 1) {
    const auto outcome = begin(gate, std::move(client), std::move(user), cost);
    EXPECT_TRUE(world.run_until([&] { return outcome->done; }));
    return *outcome;
  }
  unsigned admitted(Gate& gate, unsigned tries, const std::string& client = "192.0.2.7") {
    unsigned count = 0;
    for (; tries > 0; --tries) count += ask(gate, client).status == 200 ? 1 : 0;
    return count;
  }

  SimNetwork network{1};
  SimWorld world{network};
  CountingRedis redis{network, world, "10.0.0.9:6379"};
  CountingService service;
  Gate one{network, world};
  Gate two{network, world};
};

const std::string simple = "{ name: few, rate: 5/h, scope: redis, redis: '10.0.0.9:6379' }";

TEST_F(RedisLimit, conforms) {
  expect_conformance(limit_filter(), simple, "rate: 100/s");
}

TEST_F(RedisLimit, two_gateways_share_one_budget) {
  one.configure(simple);
  two.configure(simple, "routes[7].limit");
  EXPECT_EQ(admitted(one, 3), 3U);
  EXPECT_EQ(admitted(two, 5), 2U);
  EXPECT_EQ(admitted(one, 3), 0U);
  EXPECT_EQ(admitted(two, 5, "192.0.2.8"), 5U) << "another client";
}

TEST_F(RedisLimit, the_answer_and_the_record_say_what_redis_said) {
  one.configure(simple);
  const Outcome first = ask(one);
  EXPECT_EQ(first.record, "admitted within_limit");
  EXPECT_EQ(first.ratelimit, "\"few\";r=4;t=720");
  admitted(one, 4);
  EXPECT_EQ(ask(one).record, "refused over_limit");
  EXPECT_EQ(ask(one).status, 429);
}

TEST_F(RedisLimit, all_rules_of_a_filter_take_one_call_and_charge_together) {
  one.configure(
      "{ redis: '10.0.0.9:6379', scope: redis, rules: [{ name: user, rate: 1/h, key: { header: x-user } }, { name: "
      "all, "
      "rate: 3/h, key: all }] }");
  EXPECT_EQ(ask(one, "192.0.2.7", "ann").status, 200);
  EXPECT_EQ(redis.server.count("FCALL"), 1U);
  two.configure(
      "{ redis: '10.0.0.9:6379', scope: redis, rules: [{ name: user, rate: 1/h, key: { header: x-user } }, { name: "
      "all, "
      "rate: 3/h, key: all }] }");
  EXPECT_EQ(ask(two, "192.0.2.7", "ann").record, "refused over_limit; agreed within_limit");
  const Outcome bob = ask(one, "192.0.2.7", "bob");
  EXPECT_EQ(bob.ratelimit.substr(bob.ratelimit.find("\"all\"")).substr(0, 9), "\"all\";r=1") << "ann's cost it nothing";
}

TEST_F(RedisLimit, a_refusal_by_a_local_rule_costs_nothing_in_redis) {
  one.configure(
      "{ redis: '10.0.0.9:6379', rules: [{ name: here, rate: 1/h, scope: shared }, { name: there, rate: 5/h, scope: "
      "redis "
      "}] }");
  EXPECT_EQ(ask(one).status, 200);
  EXPECT_EQ(ask(one).record, "refused over_limit; agreed within_limit");
  EXPECT_EQ(redis.server.count("FCALL"), 1U);
}

TEST_F(RedisLimit, a_key_that_redis_refused_is_refused_here_until_it_may_pass) {
  one.configure("{ name: few, rate: 1/s, burst: 1, scope: redis, redis: '10.0.0.9:6379' }");
  EXPECT_EQ(ask(one).status, 200);
  EXPECT_EQ(ask(one).record, "refused over_limit");
  const std::size_t calls = redis.server.count("FCALL");
  for (int number = 0; number < 50; ++number) EXPECT_EQ(ask(one).record, "refused over_limit_lately");
  EXPECT_EQ(redis.server.count("FCALL"), calls);
  world.run_for(1s);
  EXPECT_EQ(ask(one).record, "admitted within_limit");
}

// A refusal is believed for a second, and tells the truth all the same.
TEST_F(RedisLimit, who_is_refused_without_asking_hears_when_the_same_will_really_pass) {
  one.configure("{ name: few, rate: 5/m, scope: redis, redis: '10.0.0.9:6379' }");
  admitted(one, 5);
  EXPECT_EQ(ask(one).record, "refused over_limit");
  world.run_for(500ms);
  const Outcome again = ask(one);
  EXPECT_EQ(again.record, "refused over_limit_lately");
  EXPECT_EQ(again.retry_after, "12");
  EXPECT_EQ(again.ratelimit, "\"few\";r=0;t=60");
  world.run_for(600ms);
  EXPECT_EQ(ask(one).record, "refused over_limit") << "asked again";
  const Outcome later = ask(one);
  EXPECT_EQ(later.record, "refused over_limit_lately");
  EXPECT_EQ(later.retry_after, "11");
  EXPECT_EQ(later.ratelimit, "\"few\";r=0;t=59");
}

// ---- when Redis does not answer ----

TEST_F(RedisLimit, a_dead_redis_makes_nobody_wait_and_the_gateway_counts_by_itself) {
  one.configure(simple);
  admitted(one, 2);
  redis.server.kill();
  ask(one);  // finds out
  Duration waited{};
  unsigned passed = 1;
  for (int number = 0; number < 20; ++number) {
    const Outcome outcome = ask(one);
    waited += outcome.took;
    passed += outcome.status == 200 ? 1 : 0;
    EXPECT_TRUE(outcome.record.ends_with("redis_down_counted_here")) << outcome.record;
  }
  EXPECT_EQ(waited, Duration{});
  EXPECT_EQ(2 + passed, 5U) << "what passed while Redis was there is counted here, too";
}

// A reload builds the filter anew: what Redis counts, what was refused lately and what is counted here go on.
TEST_F(RedisLimit, a_reload_keeps_what_unchanged_rules_have_counted) {
  one.configure(simple);
  EXPECT_EQ(admitted(one, 3), 3U);
  one.configure("{ name: few, rate: 5/h, scope: redis, redis: '10.0.0.9:6379', fields: both }");
  EXPECT_EQ(admitted(one, 5), 2U);
  const std::size_t calls = redis.server.count("FCALL");
  one.configure(simple);
  EXPECT_EQ(ask(one).record, "refused over_limit_lately");
  EXPECT_EQ(redis.server.count("FCALL"), calls) << "and nobody asks again";
  redis.server.kill();
  ask(one, "192.0.2.8");  // finds out
  one.configure(simple);
  EXPECT_EQ(admitted(one, 20), 0U) << "counted here as well, over both reloads";
  one.configure("{ name: few, rate: 6/h, scope: redis, redis: '10.0.0.9:6379' }");
  EXPECT_EQ(admitted(one, 20), 6U) << "another budget begins anew";
}

TEST_F(RedisLimit, open_lets_all_pass_and_closed_none) {
  redis.server.kill();
  one.configure("{ name: few, rate: 1/h, scope: redis, redis: { addresses: ['10.0.0.9:6379'], on_error: open } }");
  two.configure("{ name: few, rate: 9/h, scope: redis, redis: { addresses: ['10.0.0.9:6379'], on_error: closed } }");
  EXPECT_EQ(admitted(one, 5), 5U);
  EXPECT_EQ(ask(one).record, "admitted redis_down");
  EXPECT_EQ(ask(two).status, 503);
  EXPECT_EQ(ask(two).record, "refused redis_down");
  EXPECT_EQ(ask(two).ratelimit, "\"few\";r=0;t=1") << "not at once, as its Retry-After says";
}

TEST_F(RedisLimit, a_slow_redis_costs_its_budget_once) {
  one.configure(simple);
  ask(one);
  redis.server.delay = 100ms;
  Duration waited{};
  for (int number = 0; number < 200; ++number) {
    waited += ask(one, "192.0.2." + std::to_string(number)).took;
    world.run_for(10ms);
  }
  EXPECT_LE(waited, 7ms);
  EXPECT_GE(waited, 5ms);
  redis.server.delay = {};
  world.run_for(3s);
  EXPECT_EQ(ask(one, "198.51.100.1").record, "admitted within_limit");
}

TEST_F(RedisLimit, an_error_of_redis_is_no_verdict) {
  one.configure(simple);
  ask(one);
  redis.refuses_with = "OOM command not allowed when used memory > 'maxmemory'.";
  EXPECT_EQ(ask(one).record, "admitted redis_failed_counted_here");
  EXPECT_EQ(ask(one).record, "admitted redis_failed_counted_here");
  redis.refuses_with.clear();
  EXPECT_EQ(ask(one).record, "admitted within_limit");
  EXPECT_EQ(one.log.lines, std::vector<std::string>{"limit: Redis at 10.0.0.9:6379 answers with an error, and on_error "
                                                    "decides: OOM command not allowed when used memory > "
                                                    "'maxmemory'."});
}

// A line in ten seconds at most; the last one is true all the same.
TEST_F(RedisLimit, the_log_says_in_the_end_what_is_so_of_a_server_that_came_and_went) {
  one.configure(simple);
  ask(one);
  const auto goes = [&] {
    redis.server.kill();
    ask(one);
  };
  const auto comes = [&] {
    redis.server.start();
    world.run_for(2s);
    ask(one);
  };
  goes();
  comes();
  goes();
  ASSERT_EQ(one.log.lines.size(), 2U);
  EXPECT_TRUE(one.log.lines[1].ends_with("decides again"));
  world.run_for(10s);
  ASSERT_EQ(one.log.lines.size(), 3U);
  EXPECT_TRUE(one.log.lines[2].contains("is not waited for")) << one.log.lines[2];
  comes();
  EXPECT_EQ(one.log.lines.size(), 4U);
  goes();
  comes();
  world.run_for(30s);
  EXPECT_EQ(one.log.lines.size(), 4U) << "back before it would have been told that it was gone";
}

TEST_F(RedisLimit, a_dry_run_refuses_nobody_whatever_redis_says) {
  one.configure("{ name: few, rate: 1/h, scope: redis, dry_run: true, redis: '10.0.0.9:6379' }");
  EXPECT_EQ(admitted(one, 4), 4U);
  EXPECT_EQ(ask(one).record, "would_refuse over_limit");
}

TEST_F(RedisLimit, what_an_answer_costs_is_settled_in_redis) {
  one.configure(
      "{ name: few, rate: 10/h, scope: redis, redis: '10.0.0.9:6379', cost: { response_header: x-tokens, debt: 5 } }");
  two.configure(
      "{ name: few, rate: 10/h, scope: redis, redis: '10.0.0.9:6379', cost: { response_header: x-tokens, debt: 5 } }");
  service.fields = {{"x-tokens", "9"}};
  EXPECT_EQ(ask(one).status, 200);
  world.run_for(10ms);
  EXPECT_EQ(ask(two).status, 200);
  world.run_for(10ms);
  EXPECT_EQ(ask(one).status, 429) << "18 of 10 are spent";
}

// ---- hot keys ----

TEST_F(RedisLimit, a_hot_key_is_decided_here_out_of_leases) {
  one.configure("{ name: many, rate: 100000/s, scope: redis, redis: { addresses: ['10.0.0.9:6379'], lease: 50 } }");
  network.faults().latency = 200us;
  for (int number = 0; number < 2000; ++number) EXPECT_EQ(ask(one).status, 200);
  EXPECT_LT(redis.server.count("FCALL"), 150U);
  EXPECT_EQ(ask(one, "192.0.2.99").record, "admitted within_limit") << "a cold one is not leased";
}

TEST_F(RedisLimit, leases_pass_the_limit_by_one_of_each_core_at_most) {
  const std::string options =
      "{ name: many, rate: 200/s, burst: 200, scope: redis, redis: { addresses: ['10.0.0.9:6379'], lease: 20 } }";
  one.configure(options);
  two.configure(options);
  network.faults().latency = 100us;
  std::deque<Time> passed;
  std::size_t worst = 0;
  for (int number = 0; number < 6000; ++number) {
    if (ask(number % 3 == 0 ? two : one).status == 200) passed.push_back(network.now());
    if (number % 700 == 0) world.run_for(300ms);
    while (!passed.empty() && passed.front() + 1s <= network.now()) passed.pop_front();
    worst = std::max(worst, passed.size());
    world.run_for(500us);
  }
  EXPECT_GT(worst, 200U) << "the test presses hard enough";
  EXPECT_LE(worst, 400U + 2 * 20U) << "burst and rate, and a lease of each of two cores";
}

class IllRedis : public RedisLimit {
 protected:
  /// 0: it is well; else it is dead, hangs, or answers with errors.
  void befall(std::uint64_t what) {
    if (illness == 1) redis.server.start();
    illness = what;
    if (illness == 1) redis.server.kill();
    redis.server.hangs = illness == 2;
    redis.refuses_with = illness == 3 ? "LOADING" : "";
  }
  std::uint64_t illness = 0;
};

// A Redis that is killed, hangs, fails and is back at random, two gateways that are asked all the time: in no second
// and in no ten more than what Redis gives, and of each gateway what it gives by itself. The same with `closed`, where
// the gateways give nothing.
TEST_F(IllRedis, lets_no_more_through_than_is_stated_while_it_comes_and_goes) {
  for (const auto& [on_error, rate] : {std::pair{OnError::local, 200}, {OnError::closed, 300}}) {
    const std::string options = fmt::format(
        "{{ name: many, rate: {}/s, burst: 50, scope: redis, redis: {{ addresses: ['10.0.0.9:6379'], on_error: {} }} "
        "}}",
        rate, on_error == OnError::local ? "local" : "closed");
    one.configure(options);
    two.configure(options);
    const RuleOptions& rule = static_cast<const Limit&>(*one.filter).rules()[0]->options();
    const Bound bound = *stated_of(rule, 1, nullptr).bound;
    const Bound away = *away_bound(rule, on_error, 1);
    network.faults().latency = 100us;
    Random random(static_cast<std::uint64_t>(rate));
    std::deque<Time> last_ten;
    std::size_t in_second = 0;
    std::size_t in_ten = 0;
    for (int number = 0; number < 30'000; ++number) {
      if (ask(random.chance(0.5) ? one : two).status == 200) last_ten.push_back(network.now());
      while (!last_ten.empty() && last_ten.front() + 10s <= network.now()) last_ten.pop_front();
      const auto since = std::ranges::upper_bound(last_ten, network.now() - 1s);
      in_second = std::max(in_second, static_cast<std::size_t>(last_ten.end() - since));
      in_ten = std::max(in_ten, last_ten.size());
      if (random.chance(illness != 0 ? 0.002 : 0.0005)) befall(illness != 0 ? 0 : 1 + random.below(3));
      world.run_for(500us);
    }
    EXPECT_GT(in_second, static_cast<std::size_t>(rate)) << "the test presses hard enough";
    EXPECT_LE(static_cast<double>(in_second), bound.worst_second + 2 * away.worst_second);
    EXPECT_LE(static_cast<double>(in_ten), bound.worst_ten_seconds + 2 * away.worst_ten_seconds);
    befall(0);
  }
}

RC_GTEST_FIXTURE_PROP(RedisLimit, never_more_than_the_limit_however_many_ask_at_once, ()) {
  const auto limit = *rc::gen::inRange(1, 40);
  const std::string options =
      "{ name: few, rate: " + std::to_string(limit) +
      "/h, scope: redis, redis: { addresses: ['10.0.0.9:6379'], on_error: closed, budget: 10s } }";
  one.configure(options);
  two.configure(options);
  network.faults() = {.partial_read = 0.2, .delay = 0.2, .split = 0.2, .latency = 100us, .partial_bytes = 9};
  std::vector<std::shared_ptr<Outcome>> outcomes;
  const auto requests = *rc::gen::container<std::vector<bool>>(rc::gen::arbitrary<bool>());
  for (const bool at_two : requests) outcomes.push_back(begin(at_two ? two : one));
  world.run_for(20s);
  unsigned passed = 0;
  for (const auto& outcome : outcomes) {
    RC_ASSERT(outcome->done);
    passed += outcome->status == 200 ? 1 : 0;
  }
  RC_ASSERT(passed == std::min<std::size_t>(static_cast<std::size_t>(limit), requests.size()));
}

// ---- what is asked ----

TEST(RedisCounting, names_of_keys_hold_no_values_and_rules_of_one_key_share_a_slot) {
  const Budget budget{.limit = 10, .burst = 10};
  const RedisRule second(budget, false, "weir", "second");
  const RedisRule day(budget, false, "weir", "day");
  const std::string key = second.key_of("7:api-key");
  EXPECT_FALSE(key.contains("api-key"));
  EXPECT_TRUE(key.starts_with("weir:{"));
  EXPECT_NE(key, day.key_of("7:api-key"));
  EXPECT_EQ(redis::slot_of(key), redis::slot_of(day.key_of("7:api-key")));
  EXPECT_NE(key, second.key_of("6:api-ke"));
}

TEST(RedisCounting, an_answer_of_another_shape_is_none) {
  redis::Reader reader(1024);
  const auto read = [&](std::string_view bytes) {
    EXPECT_TRUE(reader.read(bytes));
    const redis::Reply reply = reader.take();
    std::array<RedisTaken, 1> taken;
    return read_taken(reply.value(), taken);
  };
  EXPECT_TRUE(read("*6\r\n:1\r\n:2\r\n:-1\r\n:4\r\n:0\r\n:9\r\n"));
  EXPECT_FALSE(read("*5\r\n:1\r\n:2\r\n:-1\r\n:4\r\n:0\r\n"));
  EXPECT_FALSE(read("*6\r\n:1\r\n:2\r\n+x\r\n:4\r\n:0\r\n:9\r\n"));
  EXPECT_FALSE(read("*6\r\n:1\r\n:-2\r\n:0\r\n:4\r\n:0\r\n:9\r\n"));
  EXPECT_FALSE(read("-ERR no\r\n"));
}

TEST(RedisOptionsTest, mistakes_are_told_with_what_to_do) {
  const auto complaint = [](std::string_view options) {
    Diagnostics told;
    SharedStates states;
    NamedContext context(told, states, "limit");
    EXPECT_FALSE(limit_filter().build(node(options), context)) << options;
    return told.text();
  };
  EXPECT_TRUE(complaint("{ rate: 5/h, scope: redis }").contains("write redis: 10.0.0.5:6379"));
  EXPECT_TRUE(complaint("{ in_flight: 5, scope: redis, redis: '10.0.0.5:6379' }").contains("on this machine"));
  EXPECT_TRUE(complaint("{ rate: 5/h, scope: redis, redis: { addresses: ['a:1'], cluster: true, database: 3 } }")
                  .contains("no databases"));
  EXPECT_TRUE(complaint("{ quota: 5/month, scope: redis, redis: { addresses: ['a:1'] } }").contains("on this machine"));
  EXPECT_TRUE(complaint("{ rate: 5/h, scope: redis, redis: { addresses: ['a:1'], on_eror: open } }")
                  .contains("did you mean \"on_error\""));
}

}  // namespace
}  // namespace weir::limit
