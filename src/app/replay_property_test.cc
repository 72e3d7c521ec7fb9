// A story proves what it tells: a million decisions of random requests under random configurations, read back from the
// bytes of their stories and made again from their recorded facts alone, come to the same verdicts.
//
// The requests go through the real way (server/serve, the filters, upstream/attempt with its balancer and retries); the
// upstreams are made up and fail often. What is made again is compared in verdict, reason and place.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "app/catalog.h"
#include "app/testing/decide_again.h"
#include "app/testing/random_requests.h"
#include "balancers/round_robin/round_robin.h"
#include "base/crypto.h"
#include "base/random.h"
#include "contracts/testing/node_text.h"
#include "contracts/testing/temporary_folder.h"
#include "contracts/testing/test_shard.h"
#include "filters/compress/compress.h"
#include "filters/concurrency/concurrency.h"
#include "filters/limit/limit.h"
#include "filters/redirect/redirect.h"
#include "observers/stories/story_ring.h"
#include "server/error_reply.h"
#include "server/serve.h"
#include "upstream/upstream_test_support.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

using namespace random_requests;

constexpr std::size_t decisions_wanted = 1'000'000;
constexpr std::size_t requests_per_world = 2'000;

/// Sends to the cluster it was given, as the proxy service does.
class Send final : public Service {
 public:
  explicit Send(std::shared_ptr<const Cluster> cluster) : cluster_(std::move(cluster)) {}
  Reply handle(Exchange& exchange) const override { return send_to(*cluster_, exchange, exchange.request); }
  Effect rehearse(ImaginedRequest&) const override { return {}; }

 private:
  std::shared_ptr<const Cluster> cluster_;
};

/// Answers of all kinds, as services do.
class Say final : public Service {
 public:
  explicit Say(Random& random) : random_(random) {}
  Reply handle(Exchange& exchange) const override {
    static const std::vector<Status> statuses{200, 200, 200, 206, 304, 404, 500};
    static const std::string large(3000, 'x');
    static const std::string noise = crypto::hexadecimal(crypto::sha256("noise")).substr(0, 40);
    Answer answer(exchange.arena);
    Fields& fields = answer.head.fields;
    answer.head.status = one_of(random_, statuses);
    fields.append(FieldName::content_type, random_.chance(0.7) ? "text/html" : "image/png");
    if (random_.chance(0.2)) fields.append(FieldName::content_encoding, "gzip");
    if (random_.chance(0.1)) fields.append(FieldName::cache_control, "no-transform");
    if (random_.chance(0.2)) co_return answer;
    const std::string_view body = random_.chance(0.5) ? std::string_view(large) : std::string_view(noise);
    if (random_.chance(0.7)) answer.head.framing = {.kind = Framing::Kind::length, .length = body.size()};
    answer.body = BodyPointer(exchange.arena.make<FixedBody>(body));
    co_return answer;
  }
  Effect rehearse(ImaginedRequest&) const override { return {}; }

 private:
  Random& random_;
};

/// What filters and services are built with: one upstream, whatever it is called, and files that are watched.
class Context final : public BuildContext {
 public:
  Context(Diagnostics& complaints, std::shared_ptr<const Cluster> cluster, WatchedFiles& watched)
      : BuildContext(complaints, "test"), cluster_(std::move(cluster)) {
    files = &watched;
  }
  std::shared_ptr<const Cluster> cluster(const Node&) override { return cluster_; }
  std::unique_ptr<const Service> service(const Node::Member& written) override {
    return find_service(written.name)->build(written.value, *this);
  }

 private:
  std::shared_ptr<const Cluster> cluster_;
};

// Password "secret", at the least cost there is.
constexpr std::string_view users = "ann:$2y$04$0wo81.kP9vhkA6DiuRtBbuIPbiFLDec7bHp.ohXfK1fbZlaffQlBm\n";

class Replay : public upstream_test::UpstreamTestOn<InlineExecutor>, private ExchangeHost {
 protected:
  Replay() {
    const auto key = [](std::string_view name, std::string_view text, std::string_view more) {
      return std::string(name) + " sha256:" + crypto::hexadecimal(crypto::sha256(text)) + std::string(more) + '\n';
    };
    folder_.write("keys.txt", key("a", "alpha", "") + key("b", "beta", " expires=1969-12-31") +
                                  key("c", "gamma", " expires=2199-01-01T00:00:00Z"));
    folder_.write("users", users);
    folder_.write("redirects.txt", "/cart /basket 301\n/api/* /v2/*\n~^/cart/([0-9]+)$ /basket/$1\n/?v=1 /new\n");
    std::filesystem::create_directories(folder_.path("site/cart"));
    std::filesystem::create_directories(folder_.path("site/static"));
    for (const std::string name : {"site/index.html", "site/cart/7", "site/cart/7.gz", "site/static/x.css",
                                   "site/static/x.css.br", "site/fallback.html", "site/cart/index.php"}) {
      folder_.write(name, "content of " + name);
    }
    folder_.enter();
  }

  void make_world(std::uint64_t seed) {
    Random random(seed);
    gateway_ = std::make_shared<Gateway>();
    gateway_->hash = "0123456789abcdef0123456789abcdef";
    rules_.clear();
    matches_.clear();
    watched_.begin();
    Random same = random;
    cluster_ = random_cluster(random);
    twin_ = random_cluster(same);
    std::vector<RouteRule> route_rules;
    const std::size_t count = 1 + random.below(8);
    for (std::uint32_t number = 0; number < count; ++number) {
      route_rules.push_back(random_rule(random, number));
      gateway_->routes.push_back(random_route(random, number));
    }
    gateway_->router = Router(route_rules);
  }

  void play(Random& random) {
    ConnectionFacts connection;
    connection.listener = static_cast<std::uint16_t>(random.below(2));
    connection.client.address = connection.client.peer = IpAddress::parse(one_of(random, clients)).value();
    // Deleted by its last pin.
    Exchange exchange(shard, connection, SnapshotPin(*new ShardSnapshot(gateway_, [](auto) {})), *this);
    ask(random, exchange);
    bring_cookie(random, exchange);
    make_upstream_fail(random);
    Delivery delivery;
    std::optional<Result<Answer>> answer;
    serve_.begin(exchange);
    Scope scope(shard.reactor);
    scope.spawn(keep(serve_.handle(exchange), answer));
    world.run_until([&] { return scope.running() == 0; });
    if (!*answer) {
      delivery.error = exchange.arena.make<Error>(answer->error());
      answer = error_reply(exchange, *delivery.error);
    }
    answer.reset();
    exchange.request_body.reset();
    exchange.finish(delivery);
    alignas(8) std::array<char, story_bytes_max> room;
    const std::size_t bytes = write_story(room.data(), exchange, delivery, WallTime{});
    const Story story = read_story({room.data(), bytes});
    ASSERT_FALSE(story.cut);
    DecideAgain again(*gateway_, *cluster_, rules_);
    for (const StoryDecision& decision : story.decisions) {
      again(story, decision);
      ++decided_again_;
      ++by_room_[std::string(decision.room)];
      reasons_.insert(std::string(decision.room) + ": " + std::string(decision.reason));
    }
  }

  std::size_t decided_again_ = 0;
  std::map<std::string, std::size_t> by_room_;
  std::set<std::string> reasons_;

 private:
  static Task<void> keep(Reply reply, std::optional<Result<Answer>>& answer) {
    answer.emplace(co_await std::move(reply));
  }

  std::shared_ptr<const Cluster> random_cluster(Random& random) {
    ClusterSettings settings;
    settings.name = "upstream" + std::to_string(++clusters_);
    settings.place = {intern_file_name("weir.yaml"), 90, 1};
    const std::size_t count = 1 + random.below(5);
    for (std::size_t at = 0; at < count; ++at) {
      settings.endpoints.push_back({.endpoint = *parse_endpoint("10.1.0." + std::to_string(at + 1) + ":80"),
                                    .weight = static_cast<std::uint32_t>(1 + random.below(3))});
    }
    settings.retries.attempts_max = static_cast<unsigned>(1 + random.below(3));
    if (random.chance(0.5)) settings.retries.statuses = {500, 503};
    settings.retries.on_timeout = random.chance(0.5);
    settings.retries.budget.per_second_min = static_cast<std::uint32_t>(random.below(3));
    if (random.chance(0.3)) settings.timeouts.attempt = 4ms;
    if (random.chance(0.5)) settings.hedge = {.after = 1ms, .share = percent(random.chance(0.5) ? 5 : 50)};
    settings.balancer = std::make_unique<RoundRobin>();
    settings.protocol = &protocol;
    if (random.chance(0.3)) {
      const StickyOptions sticky{
          .keys = {"a secret that is long enough for it"},
          .ttl = random.chance(0.5) ? Duration(1h) : no_limit,
          .on_failure = random.chance(0.5) ? StickyOptions::OnFailure::another : StickyOptions::OnFailure::refuse};
      settings.sticky = std::make_shared<const StickyRule>(settings.name, sticky);
    }
    return std::make_shared<const Cluster>(std::move(settings));
  }

  /// Of an endpoint that is there, of one that is not, or of nobody.
  void bring_cookie(Random& random, Exchange& exchange) {
    const StickyRule* rule = cluster_->settings().sticky.get();
    if (rule == nullptr || random.chance(0.3)) return;
    const std::string address = "10.1.0." + std::to_string(1 + random.below(6)) + ":80";
    const WallTime written = shard.reactor.wall_now() - std::chrono::minutes{random.below(90)};
    std::string cookie = rule->write(address, written, false);
    cookie.resize(cookie.find(';'));
    if (random.chance(0.1)) cookie.back() = cookie.back() == 'A' ? 'B' : 'A';
    exchange.request.fields.append(FieldName::cookie, exchange.arena.copy(cookie));
  }

  RouteRule random_rule(Random& random, std::uint32_t number) {
    RouteRule rule{.route = number, .matches = {}, .listeners = {}, .priority = 0, .place = place_of(number)};
    std::vector<MatchRule>& matches = matches_.emplace_back();
    for (std::size_t left = 1 + random.below(2); left > 0; --left) {
      MatchRule& match = matches.emplace_back();
      if (random.chance(0.5))
        match.host = HostPattern::parse(random.chance(0.3) ? "*.b.test" : one_of(random, hosts)).value();
      match.path = PathPattern::parse(one_of(random, patterns)).value();
      if (random.chance(0.3)) match.methods.emplace_back(one_of(random, methods));
      if (random.chance(0.4)) {
        const auto value = random.chance(0.5) ? std::optional<std::string_view>("blue") : std::nullopt;
        match.headers.push_back(ValuePattern::parse_header(random.chance(0.5) ? "x-tenant" : "x-beta", value).value());
      }
      if (random.chance(0.3)) match.queries.push_back(ValuePattern::parse_query("v", "1").value());
      if (random.chance(0.3)) match.clients.push_back(parse_client(one_of(random, blocks)).value());
    }
    rule.matches = matches;
    if (random.chance(0.2)) rule.listeners.push_back(static_cast<std::uint16_t>(random.below(2)));
    if (random.chance(0.2)) rule.priority = static_cast<std::int32_t>(random.below(3));
    return rule;
  }

  static Place place_of(std::uint32_t number) { return {intern_file_name("weir.yaml"), number + 1, 1}; }

  std::shared_ptr<const Route> random_route(Random& random, std::uint32_t number) {
    auto route = std::make_shared<Route>();
    route->name = "route" + std::to_string(number);
    route->place = place_of(number);
    RouteRules& rules = rules_[route->name];
    route->service = random_service(random, rules);
    auto& filters = route->owned_filters;
    if (random.chance(0.5)) filters.push_back(random_access(random, rules));
    if (random.chance(0.5)) filters.push_back(random_body_limit(random, rules));
    if (random.chance(0.3)) filters.push_back(random_error_pages(random, rules));
    if (random.chance(0.3))
      filters.push_back(built(api_key_filter(), "{ keys: keys.txt, query: v, header: x-api-key }"));
    if (random.chance(0.2)) filters.push_back(built(basic_auth_filter(), "users"));
    if (random.chance(0.3)) filters.push_back(random_limit(random, rules));
    if (random.chance(0.3)) {
      const auto breaker =
          built(circuit_breaker_filter(), "{ minimum: 3, failures_percent: 80, open: 10ms, probes: 1 }");
      rules.circuit_breaker = dynamic_cast<const CircuitBreakerFilter*>(breaker.get());
      filters.push_back(breaker);
    }
    if (random.chance(0.3)) {
      const auto priority = built(priority_filter(), "{ by: { header: x-tenant }, classes: { a: high, b: low } }");
      rules.priority = dynamic_cast<const PriorityFilter*>(priority.get());
      filters.push_back(priority);
    }
    if (random.chance(0.3)) filters.push_back(built(concurrency_filter(), "{ limit: 1, queue: 1, wait: 5ms }"));
    if (random.chance(0.2)) {
      filters.push_back(
          built(forward_auth_filter(), random.chance(0.5) ? "http://auth" : "{ to: 'http://auth', on_error: allow }"));
    }
    if (random.chance(0.45))
      filters.push_back(
          built(fallback_filter(), random.chance(0.5) ? "{ respond: 200 }" : "{ proxy: x, statuses: [500] }"));
    if (random.chance(0.3))
      filters.push_back(built(fault_injection_filter(), "{ abort: { status: 502, share: 10% }, header: { accept: } }"));
    if (random.chance(0.5))
      filters.push_back(built(compress_filter(), random.chance(0.5) ? "{ }" : "{ minimum: 10B }"));
    if (random.chance(0.6)) filters.push_back(built(decompress_filter(), "{ }"));
    if (rules.redirect == nullptr && random.chance(0.2)) filters.push_back(random_redirects(rules));
    if (random.chance(0.5)) {
      auto rewrite = std::make_shared<Rewrite>(random_rewrite(random), std::nullopt, place_of(number));
      rules.rewrite = rewrite.get();
      filters.push_back(std::move(rewrite));
    }
    for (const auto& filter : filters) route->filters.push_back(filter.get());
    return route;
  }

  std::shared_ptr<const Filter> built(const FilterKind& kind, std::string_view options) {
    Diagnostics complaints;
    Context context(complaints, cluster_, watched_);
    std::shared_ptr<const Filter> filter = kind.build(node(options), context);
    invariant(filter != nullptr, "the options of this test are good");
    return filter;
  }

  std::shared_ptr<const Service> random_service(Random& random, RouteRules& rules) {
    switch (random.below(8)) {
      case 0: {
        const auto files = std::make_shared<Files>(random_files(random), place_of(400));
        rules.files = files.get();
        return files;
      }
      case 1: {
        const auto fastcgi = std::make_shared<Fastcgi>(cluster_, random_fastcgi(random));
        rules.fastcgi = fastcgi.get();
        return fastcgi;
      }
      case 2: {
        const auto map = watched_redirects();
        rules.redirects = map->latest();
        const auto redirect =
            std::make_shared<Redirect>(RedirectOptions{.to = random.chance(0.5) ? "https" : ""}, RedirectTarget{},
                                       std::vector<std::shared_ptr<const PathRegex>>{}, map);
        rules.redirect = redirect.get();
        return redirect;
      }
      case 3:
        return std::make_shared<Say>(random_);
      case 4:
      case 5: {
        rules.targets = {{.cluster = cluster_, .weight = 1}, {.cluster = twin_, .weight = 3}};
        return std::make_shared<Proxy>(rules.targets);
      }
      default:
        return std::make_shared<Send>(cluster_);
    }
  }

  static FilesOptions random_files(Random& random) {
    FilesOptions options;
    options.root = "site";
    if (random.chance(0.5)) options.precompressed = {"br", "gzip"};
    if (random.chance(0.3)) options.try_names = {"$path", "$path.html", "/fallback.html"};
    options.listing = random.chance(0.3);
    return options;
  }

  static FastcgiOptions random_fastcgi(Random& random) {
    FastcgiOptions options;
    options.to = node("php");
    if (random.chance(0.8)) options.root = std::filesystem::absolute("site");
    if (random.chance(0.3)) options.front_controller = "/index.php";
    options.check_scripts = random.chance(0.7);
    return options;
  }

  /// Several rules, of which some are met often: each algorithm, a wait, a dry run, requests in flight, who is let by.
  std::shared_ptr<const Filter> random_limit(Random& random, RouteRules& rules) {
    static const std::vector<std::string> some{
        "{ name: bucket, rate: 50/s, burst: 20 }",
        "{ name: spaced, rate: 1000/s, algorithm: gcra, burst: 5, delay: 2ms }",
        "{ name: fixed, rate: 300/m, algorithm: fixed_window, dry_run: true }",
        "{ name: sliding, rate: 400/m, algorithm: sliding_window, cost: { header: x-tenant, fixed: 2 } }",
        "{ name: exact, rate: 100/s, algorithm: sliding_log, scope: local, key: { query: v } }",
        "{ name: busy, in_flight: 2 }"};
    std::string text;
    for (const std::string& rule : some) {
      if (random.chance(0.4)) text += (text.empty() ? "" : ", ") + rule;
    }
    if (text.empty()) text = some[0];
    const auto filter = built(limit_filter(), "{ bypass: [192.0.2.7], rules: [" + text + "] }");
    rules.limit = dynamic_cast<const limit::Limit*>(filter.get());
    return filter;
  }

  std::shared_ptr<WatchedFile<RedirectMap>> watched_redirects() {
    Diagnostics complaints;
    auto map = watched_.watch(redirect_map_file, "redirects.txt", {}, "test", complaints);
    invariant(map != nullptr, "the redirects of this test are good");
    return map;
  }

  std::shared_ptr<const Filter> random_redirects(RouteRules& rules) {
    auto map = watched_redirects();
    rules.redirects = map->latest();
    return std::make_shared<RedirectFilter>(RedirectFilterOptions{}, std::move(map));
  }

  static std::shared_ptr<const Filter> random_access(Random& random, RouteRules& rules) {
    const auto list = [&](std::uint32_t line) {
      std::vector<AccessRule> list;
      for (std::size_t left = 1 + random.below(2); left > 0; --left, ++line)
        list.push_back(
            {.block = Cidr::parse(one_of(random, blocks)).value(), .place = {intern_file_name("weir.yaml"), line, 5}});
      return list;
    };
    if (random.chance(0.5)) rules.access.deny = list(200);
    if (random.chance(0.7) || rules.access.deny.empty()) rules.access.allow = list(300);
    rules.access.allow_place = {intern_file_name("weir.yaml"), 299, 5};
    return std::make_shared<Access>(rules.access);
  }

  static std::shared_ptr<const Filter> random_body_limit(Random& random, RouteRules& rules) {
    rules.body_bytes_max = random.below(100);
    return std::make_shared<BodyLimit>(BodyLimitOptions{.bytes = rules.body_bytes_max, .place = {}});
  }

  static std::shared_ptr<const Filter> random_error_pages(Random& random, RouteRules& rules) {
    static const std::vector<std::string> types{"text/html", "application/json", "text/plain"};
    for (std::uint32_t line = 500, left = 1 + static_cast<std::uint32_t>(random.below(3)); left > 0; --left, ++line) {
      ErrorPage page;
      if (random.chance(0.5)) page.statuses = {404, 502};
      page.whole_4xx = random.chance(0.5);
      page.whole_5xx = random.chance(0.5);
      page.media_type = page.content_type = one_of(random, types);
      page.place = place_of(line);
      rules.pages.push_back(std::move(page));
    }
    return std::make_shared<ErrorPagesFilter>(
        rules.pages, random.chance(0.5) ? ErrorPagesOptions::Upstream::keep : ErrorPagesOptions::Upstream::replace);
  }

  static RewriteOptions random_rewrite(Random& random) {
    RewriteOptions options;
    if (random.chance(0.6)) options.strip_prefix = random.chance(0.7) ? "/cart" : "/api";
    if (random.chance(0.4)) options.add_prefix = "/shop";
    return options;
  }

  void make_upstream_fail(Random& random) {
    script.answers.clear();
    script.bodies.clear();
    script.sent_to.clear();
    script.connect_fails.clear();
    script.time_left.clear();
    script.answer_takes.clear();
    if (random.chance(0.2)) script.answer_takes.emplace("10.1.0." + std::to_string(1 + random.below(5)) + ":80", 5ms);
    static const std::vector<Status> statuses{401, 403, 302, 404, 500};
    for (unsigned left = 0; left < 3 && random.chance(0.3); ++left) {
      if (random.chance(0.3)) {
        script.answers.emplace_back(one_of(random, statuses));
        continue;
      }
      script.answers.push_back(fail(upstream_error(random.chance(0.5) ? Code::peer_closed : Code::first_byte_timeout)
                                        .with(random.chance(0.7) ? Retry::idempotent : Retry::never)));
    }
    if (random.chance(0.3)) {
      script.connect_fails.emplace("10.1.0." + std::to_string(1 + random.below(5)) + ":80",
                                   upstream_error(Code::connect_refused).with(Retry::unsent));
    }
  }

  Task<Result<void>> interim(const ResponseHead&) override { co_return Result<void>{}; }
  void limit_time(Time) override {}

  std::shared_ptr<Gateway> gateway_;
  std::shared_ptr<const Cluster> cluster_;
  std::shared_ptr<const Cluster> twin_;  // another name, the same endpoints
  std::map<std::string, RouteRules> rules_;
  WatchedFiles watched_;
  TemporaryFolder folder_;
  Random random_{11};
  std::deque<std::vector<MatchRule>> matches_;  // what the router was made of
  unsigned clusters_ = 0;
  Serve serve_{{}};
};

TEST_F(Replay, million_recorded_decisions_come_out_the_same_from_their_facts) {
  std::uint64_t seed = 4711;
  while (decided_again_ < decisions_wanted && !HasFailure()) {
    make_world(seed);
    Random random(seed++);
    for (std::size_t request = 0; request < requests_per_world && !HasFailure(); ++request) play(random);
  }
  // Each kind was there often enough to mean something.
  for (const std::string_view room :
       {"route",    "access",      "api_key",      "basic_auth",  "body_limit", "circuit_breaker",
        "compress", "concurrency", "decompress",   "error_pages", "fallback",   "fault_injection",
        "files",    "proxy",       "forward_auth", "limit",       "priority",   "redirect",
        "rewrite",  "script",      "balance",      "pool",        "retry",      "sticky"}) {
    EXPECT_GT(by_room_[std::string(room)], decisions_wanted / 200) << room;
  }
  for (const std::string_view reason : {"compress: compressed",
                                        "compress: no_gain",
                                        "compress: too_small",
                                        "compress: partial_content",
                                        "api_key: known_key",
                                        "api_key: expired_key",
                                        "basic_auth: password_remembered",
                                        "basic_auth: wrong_password",
                                        "forward_auth: authority_allowed",
                                        "forward_auth: authority_unreachable_allowed",
                                        "fallback: failed",
                                        "fallback: status",
                                        "fallback: not_idempotent",
                                        "fault_injection: within_share",
                                        "hedge: slower_than_usual",
                                        "hedge: budget_used_up",
                                        "race: answered_first",
                                        "retry: status",
                                        "retry: took_too_long",
                                        "retry: budget_used_up",
                                        "files: index",
                                        "files: if_none_match",
                                        "files: if_match",
                                        "files: path",
                                        "limit: within_limit",
                                        "limit: over_limit",
                                        "limit: waits_for_its_turn",
                                        "limit: bypass",
                                        "redirect: pattern",
                                        "redirect: to",
                                        "redirect: not_found",
                                        "script: index",
                                        "script: not_found",
                                        "script: application",
                                        "sticky: no_cookie",
                                        "sticky: not_ours",
                                        "sticky: expired",
                                        "sticky: cookie",
                                        "sticky: endpoint_gone",
                                        "sticky: endpoint_failed",
                                        "error_pages: client_prefers_other_form"}) {
    EXPECT_TRUE(reasons_.contains(std::string(reason))) << reason;
  }
}

}  // namespace
}  // namespace weir
