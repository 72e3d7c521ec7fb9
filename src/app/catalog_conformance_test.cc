// Shows: every kind in the catalogue keeps the promises of its contract, whoever wrote it and whatever it does.
// How: each is built from an ordinary use of it, and from every example of its documentation, beside upstreams that are
// made up and files that are there. A kind that has no use here fails; so does a folder of observers that is not met.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "app/catalog.h"
#include "balancers/round_robin/round_robin.h"
#include "base/crypto.h"
#include "base/random.h"
#include "contracts/testing/conformance.h"
#include "contracts/testing/temporary_folder.h"
#include "observers/access_log/access_log.h"
#include "observers/heavy_traffic/heavy_traffic.h"
#include "observers/route_metrics/route_metrics.h"
#include "observers/stories/stories.h"
#include "upstream/upstream_test_support.h"

namespace weir {
namespace {

/// How a kind is written in a configuration, and what its other options stand beside.
struct Use {
  std::string_view options;
  std::string_view companion{};
};

const std::map<std::string_view, Use> filter_uses{
    {"access", {"{ deny: [192.0.2.7], allow: [\"192.0.2.0/24\", \"10.0.0.0/8\"] }"}},
    {"api_key", {"keys.txt"}},
    {"basic_auth", {"users.htpasswd"}},
    {"body_limit", {"4B"}},
    {"circuit_breaker", {"{ failures_percent: 30, slow: 2s }"}},
    {"compress", {"{ minimum: 10B }"}},
    {"concurrency", {"{ limit: 20, queue: 50 }"}},
    {"decompress", {"{ ratio: 10 }"}},
    {"error_pages", {"{ pages: [{ status: 4xx, text: sorry }] }"}},
    {"fallback", {"{ respond: 200 }", "respond: 200"}},
    {"fault_injection", {"503", "abort: 503"}},
    {"forward_auth", {"http://auth:9000/verify", "to: auth"}},
    {"grpc_web", {"{}"}},
    {"headers", {"{ request: { set: { x-a: b } }, response: { add: { x-c: d } } }"}},
    {"hsts", {"30d", "age: 30d"}},
    {"limit", {"100/s", "rate: 100/s"}},
    {"priority", {"{ by: { header: x-a }, classes: { \"1\": high } }", "by: { header: x-plan }"}},
    {"redirect", {"redirects.csv"}},
    {"rewrite", {"{ strip_prefix: /cart }"}},
    {"websocket", {"{ message_size: 1MiB, messages: 50/s }"}},
};

const std::map<std::string_view, Use> service_uses{
    {"connect", {"[\"*.example.com:443\"]"}},
    {"fastcgi", {"{ to: php, root: /nowhere/at/all }", "root: /nowhere/at/all"}},
    {"files", {"{ root: /nowhere/at/all, listing: true }"}},
    {"proxy", {"[{ to: shop, weight: 3 }, { to: shop-next, weight: 1 }]"}},
    {"redirect", {"{ map: redirects.csv, to: /elsewhere }", "to: /new"}},
    {"respond", {"{ status: 404, body: gone }"}},
};

/// Knows every upstream by whatever name; they answer 200 with nothing.
class Context final : public BuildContext {
 public:
  using BuildContext::BuildContext;
  std::unique_ptr<const Service> service(const Node::Member& written) override {
    const ServiceKind* kind = find_service(written.name);
    return kind != nullptr ? kind->build(written.value, *this) : BuildContext::service(written);
  }
  std::shared_ptr<const Cluster> cluster(const Node& reference) override {
    static upstream_test::Script script;
    static const upstream_test::FakeProtocol protocol(script);
    ClusterSettings settings;
    settings.name = reference.shown();
    settings.endpoints.push_back({.endpoint = *parse_endpoint("10.1.0.1:80")});
    settings.balancer = std::make_unique<RoundRobin>();
    settings.protocol = &protocol;
    return std::make_shared<const Cluster>(std::move(settings));
  }
};

struct BuildWithUpstreams {
  Built<Filter> operator()(const FilterKind& kind, std::string_view options) const {
    return built<Filter>(kind, options);
  }
  Built<Service> operator()(const ServiceKind& kind, std::string_view options) const {
    return built<Service>(kind, options);
  }

 private:
  template <typename Plugin, typename Kind>
  static Built<Plugin> built(const Kind& kind, std::string_view options) {
    Built<Plugin> made;
    Context context(made.diagnostics, std::string(kind.name));
    made.plugin = kind.build(node(options), context);
    return made;
  }
};

template <typename Kinds>
void expect_all_conform(const Kinds& kinds, const std::map<std::string_view, Use>& uses) {
  TemporaryFolder folder;
  // Under the names that examples of the documentation use.
  folder.write("keys.txt", "a sha256:" + crypto::hexadecimal(crypto::sha256("alpha")) + '\n');
  folder.write("users.htpasswd", "ann:$2y$04$0wo81.kP9vhkA6DiuRtBbuIPbiFLDec7bHp.ohXfK1fbZlaffQlBm\n");
  folder.write("redirects.csv", "/old,/new,301\n/cart/items/*,/basket/*\n");
  folder.enter();
  std::set<std::string_view> met;
  for (const auto* kind : kinds) {
    SCOPED_TRACE(kind->name);
    met.insert(kind->name);
    const auto use = uses.find(kind->name);
    ASSERT_NE(use, uses.end()) << "say here how it is used";
    expect_conformance(*kind, use->second.options, use->second.companion, BuildWithUpstreams());
  }
  for (const auto& [name, use] : uses) EXPECT_TRUE(met.contains(name)) << name << " is not in the catalogue";
}

TEST(CatalogConformance, every_filter_keeps_its_promises) {
  expect_all_conform(filter_kinds(), filter_uses);
}

TEST(CatalogConformance, every_service_keeps_its_promises) {
  expect_all_conform(service_kinds(), service_uses);
}

/// Endpoints in every state, of two priorities and sides, with what one may know of them.
std::vector<EndpointFacts> random_endpoints(Random& random, Time now) {
  std::vector<EndpointFacts> endpoints(random.below(8));
  const auto past = [&] { return now - Duration(random.below(3'000'000'000)); };
  for (EndpointFacts& each : endpoints) {
    each = {.in_flight = static_cast<std::uint32_t>(random.below(5)),
            .weight = static_cast<std::uint32_t>(random.below(4)),
            .available = random.chance(0.7),
            .drained = random.chance(0.1),
            .near = random.chance(0.8),
            .priority = static_cast<std::uint8_t>(random.below(2)),
            .latency_us = static_cast<std::uint32_t>(random.below(5000)),
            .latency_at = past(),
            .reported_load = static_cast<std::uint32_t>(random.below(50)),
            .reported_latency_us = static_cast<std::uint32_t>(random.below(5000)),
            .reported_at = past()};
  }
  return endpoints;
}

/// The same facts give the same pick, of an endpoint that may be picked; and there is one whenever one may.
void expect_picks_well(const Balancer& balancer, const PickFacts& given, const RosterRules& rules) {
  Roster roster;
  roster.make(given.endpoints, rules);
  PickFacts facts = given;
  const std::optional<Pick> first = pick(balancer, roster, facts);
  PickFacts same = given;
  const std::optional<Pick> again = pick(balancer, roster, same);
  ASSERT_EQ(first.has_value(), !roster.groups().empty());
  ASSERT_EQ(again.has_value(), first.has_value());
  if (!first) return;
  EXPECT_EQ(first->endpoint, again->endpoint);
  EXPECT_FALSE(first->reason.empty());
  EXPECT_EQ(first->reason, again->reason);
  EXPECT_TRUE(facts.may_pick(first->endpoint)) << first->reason;
}

TEST(CatalogConformance, every_balancer_picks_purely_and_only_what_may_be_picked) {
  Random random(17);
  const Time now(std::chrono::hours{1});
  for (const BalancerKind* kind : balancer_kinds()) {
    SCOPED_TRACE(kind->name);
    EXPECT_EQ(kind->name, kind->schema().name());
    Diagnostics complaints;
    Context context(complaints, std::string(kind->name));
    const auto balancer = kind->build(node("{ }"), context);
    ASSERT_TRUE(balancer) << complaints.text();
    EXPECT_EQ(balancer->name(), kind->name);
    for (int round = 0; round < 1000 && !testing::Test::HasFailure(); ++round) {
      const std::vector<EndpointFacts> endpoints = random_endpoints(random, now);
      std::vector<std::string> names;
      std::vector<EndpointIdentity> identities;
      std::vector<std::uint32_t> tried;
      std::vector<ProbeFacts> probes;
      names.reserve(endpoints.size());
      for (std::uint32_t at = 0; at < endpoints.size(); ++at) {
        identities.push_back({.name = names.emplace_back("10.0.0." + std::to_string(at) + ":80"), .weight = 1 + at});
        if (random.chance(0.15)) tried.push_back(at);
        if (random.chance(0.3)) probes.push_back({.endpoint = at, .load = at, .latency_us = 10, .heard_at = now});
      }
      const auto table = round % 10 == 0 ? balancer->make_table(identities) : nullptr;
      expect_picks_well(*balancer,
                        {.endpoints = endpoints,
                         .tried = tried,
                         .turn = random.next(),
                         .draw = random.next(),
                         .key = random.next(),
                         .keyed = random.chance(0.5),
                         .now = now,
                         .level = random.chance(0.5) ? 0.1 : 2,
                         .table = table.get(),
                         .probes = probes},
                        {});
    }
    EXPECT_FALSE(kind->build(node("{ no_such_option: 1 }"), context));
  }
}

TEST(CatalogConformance, a_balancer_that_says_the_key_decides_looks_at_nothing_else) {
  Random random(23);
  const Time now(std::chrono::hours{1});
  unsigned met = 0;
  for (const BalancerKind* kind : balancer_kinds()) {
    SCOPED_TRACE(kind->name);
    Diagnostics complaints;
    Context context(complaints, std::string(kind->name));
    const auto balancer = kind->build(node("{ }"), context);
    ASSERT_TRUE(balancer) << complaints.text();
    if (balancer->basis() != PickBasis::key) continue;
    ++met;
    EXPECT_NE(balancer->key(), nullptr);
    for (int round = 0; round < 300 && !testing::Test::HasFailure(); ++round) {
      std::vector<EndpointFacts> endpoints = random_endpoints(random, now);
      std::vector<std::string> names;
      std::vector<EndpointIdentity> identities;
      names.reserve(endpoints.size());
      for (std::uint32_t at = 0; at < endpoints.size(); ++at)
        identities.push_back({.name = names.emplace_back("10.0.0." + std::to_string(at) + ":80")});
      const auto table = balancer->make_table(identities);
      Roster roster;
      roster.make(endpoints, {});
      const std::uint64_t key = random.next();
      const auto picked = [&] {
        for (EndpointFacts& each : endpoints) {
          each.in_flight = static_cast<std::uint32_t>(random.below(50));
          each.latency_us = static_cast<std::uint32_t>(random.below(5000));
        }
        PickFacts facts{.endpoints = endpoints, .turn = random.next(), .draw = random.next(), .key = key};
        facts.keyed = true;
        facts.now = now;
        facts.table = table.get();
        return pick(*balancer, roster, facts);
      };
      const std::optional<Pick> first = picked();
      const std::optional<Pick> again = picked();
      ASSERT_EQ(first.has_value(), again.has_value());
      if (!first) continue;
      EXPECT_EQ(first->endpoint, again->endpoint);
      EXPECT_EQ(first->reason, again->reason);
    }
  }
  EXPECT_EQ(met, 4U);
}

/// Told of exchanges that ended in every way, an observer changes none of them and needs nothing that may be missing.
void expect_observes(Observer& observer) {
  static const Error error = upstream_error(Code::peer_reset);
  TestShard shard;
  for (const conformance::Prepare prepare : conformance::plain_requests()) {
    for (const Delivery& delivery :
         {Delivery{}, Delivery{.status = 200, .complete = true}, Delivery{.status = 502, .error = &error},
          Delivery{.status = 101, .complete = true, .response_body_bytes = unbounded}}) {
      TestExchange test(shard);
      prepare(test);
      test.exchange.record({.room = "toy", .verdict = "told", .subject = {}, .reason = {}, .place = {}}, error);
      if (delivery.status == 101) test.exchange.release_snapshot();
      const std::string before = conformance::shown(test.exchange.request);
      observer.ended(test.exchange, delivery);
      EXPECT_EQ(conformance::shown(test.exchange.request), before);
      EXPECT_EQ(test.last_record()->verdict, "told");
    }
    TestExchange unread(shard);  // a head that could not be parsed
    unread.exchange.request = RequestHead(unread.exchange.arena);
    observer.ended(unread.exchange, {.status = 400, .error = &error});
  }
}

TEST(CatalogConformance, every_observer_leaves_exchanges_as_they_are) {
  LogWriter writer("off");
  std::map<std::string, std::unique_ptr<Observer>> observers;
  observers["access_log"] = std::make_unique<AccessLog>(writer, AccessLogFormat::json);
  observers["heavy_traffic"] = std::make_unique<HeavyTraffic>();
  observers["route_metrics"] = std::make_unique<RouteMetrics>();
  observers["stories"] = std::make_unique<Stories>(StorySettings{}, 1);
  for (const auto& folder :
       std::filesystem::directory_iterator(std::filesystem::path(__FILE__).parent_path().parent_path() / "observers")) {
    EXPECT_TRUE(observers.contains(folder.path().filename().string())) << folder.path() << " is not met here";
  }
  for (const auto& [name, observer] : observers) {
    SCOPED_TRACE(name);
    expect_observes(*observer);
  }
}

}  // namespace
}  // namespace weir
