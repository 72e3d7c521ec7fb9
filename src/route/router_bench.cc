// What a lookup, a build and a change of one route cost.
//
// The rules: hosts with ten routes each (every tenth host a wildcard), exact paths, prefixes of one and two segments, 1
// % regular expressions. The requests: one for each rule, in random order, so that with 100,000 rules the table does
// not stay in the core's own caches. Every lookup must find a route.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "base/invariant.h"
#include "base/random.h"
#include "route/router.h"

namespace {

using namespace weir;

struct Request {
  std::string host;
  std::string path;
};

struct World {
  std::deque<MatchRule> matches;  // the rules point to them
  std::vector<RouteRule> rules;
  std::vector<Request> requests;
};

constexpr std::size_t routes_per_host = 10;

MatchRule make_match(std::size_t number, Request& request) {
  const std::size_t host = number / routes_per_host;
  const std::size_t path = number % routes_per_host;
  MatchRule match;
  const bool wildcard = host % 10 == 9;
  const std::string name = fmt::format("tenant-{}.shop.example.com", host);
  match.host = HostPattern::parse(wildcard ? "*." + name : name).value();
  request.host = wildcard ? "www." + name : name;
  if (number % 100 == 50) {
    match.path = PathPattern::parse_regex(fmt::format("^/products/{}/([0-9]+)$", number)).value();
    request.path = fmt::format("/products/{}/4711", number);
  } else if (path < 4) {
    match.path = PathPattern::parse(fmt::format("/api/v1/resource-{}", path)).value();
    request.path = match.path.path;
  } else if (path < 7) {
    match.path = PathPattern::parse(fmt::format("/api/section-{}/*", path)).value();
    request.path = match.path.path + "/item/12345";
  } else {
    match.path = PathPattern::parse(fmt::format("/assets-{}/*", path)).value();
    request.path = match.path.path + "/styles/main.css";
  }
  if (path == 2) match.methods = {"GET", "POST"};
  return match;
}

World make_world(std::size_t count) {
  World world;
  for (std::size_t number = 0; number < count; ++number) {
    RouteRule& rule = world.rules.emplace_back();
    rule.route = static_cast<std::uint32_t>(number);
    rule.matches = {&world.matches.emplace_back(make_match(number, world.requests.emplace_back())), 1};
  }
  return world;
}

/// Copies in random order, so that walking over requests is no walk over rules; their text is cold as well.
std::vector<Request> shuffled(const std::vector<Request>& requests) {
  Random random(4711);
  std::vector<std::size_t> order(requests.size());
  for (std::size_t at = 0; at < order.size(); ++at) order[at] = at;
  for (std::size_t at = order.size(); at > 1; --at) std::swap(order[at - 1], order[random.below(at)]);
  std::vector<Request> result;
  result.reserve(order.size());
  for (const std::size_t at : order) result.push_back(requests[at]);
  return result;
}

/// Time this thread really ran, so that others on the machine do not count.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Times lookups only. A request was parsed a moment before it is routed, so its text is hot: a batch is copied to one
/// small place first, outside the clock. Each lookup waits for the one before, as requests do; without that the
/// processor would overlap their cache misses and flatter us.
void look_up(benchmark::State& state, const World& world) {
  constexpr std::size_t batch_size = 256;
  const Router router(world.rules);
  const std::vector<Request> requests = shuffled(world.requests);
  std::vector<Request> batch(batch_size + 1);
  std::size_t next = 0;
  std::size_t missed = 0;
  while (state.KeepRunningBatch(batch_size)) {
    for (Request& request : batch) {
      request = requests[next];
      if (++next == requests.size()) next = 0;
    }
    std::size_t at = 0;
    const double begin = processor_seconds();
    for (std::size_t turn = 0; turn < batch_size; ++turn) {
      const RouteDecision decision = router.find({.host = batch[at].host, .path = batch[at].path});
      missed += decision.route == RouteDecision::none;
      at += decision.route == RouteDecision::none ? 0 : 1;
      benchmark::DoNotOptimize(at);
    }
    state.SetIterationTime(processor_seconds() - begin);
  }
  invariant(missed == 0, "each request has its route");
}

void BM_RouterLookup(benchmark::State& state) {
  look_up(state, make_world(static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(BM_RouterLookup)->Arg(1)->Arg(1000)->Arg(100'000)->UseManualTime();

/// All routes on one host, the other extreme.
void BM_RouterLookupOneHost(benchmark::State& state) {
  World world;
  for (std::uint32_t number = 0; number < state.range(0); ++number) {
    RouteRule& rule = world.rules.emplace_back();
    rule.route = number;
    MatchRule& match = world.matches.emplace_back();
    rule.matches = {&match, 1};
    match.host = HostPattern::parse("shop.example.com").value();
    const std::string path = fmt::format("/api/v1/resource-{}", number);
    match.path = PathPattern::parse(number % 2 == 0 ? path : path + "/*").value();
    world.requests.push_back({match.host.name, number % 2 == 0 ? path : path + "/item/12345"});
  }
  look_up(state, world);
}
BENCHMARK(BM_RouterLookupOneHost)->Arg(100'000)->UseManualTime();

void BM_RouterBuild(benchmark::State& state) {
  const World world = make_world(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const Router router(world.rules);
    benchmark::DoNotOptimize(router.size());
  }
}
BENCHMARK(BM_RouterBuild)->Arg(100'000)->Unit(benchmark::kMillisecond);

/// One rule differs; the rest, their regular expressions included, is taken over. The old router is dropped too.
void BM_RouterOneRouteChange(benchmark::State& state) {
  World world = make_world(static_cast<std::size_t>(state.range(0)));
  Router router(world.rules);
  std::size_t turn = 0;
  for (auto _ : state) {
    MatchRule& changed = world.matches[world.matches.size() / 2];
    changed.path = PathPattern::parse(++turn % 2 == 0 ? "/even/*" : "/odd/*").value();
    router = Router(world.rules);
  }
}
BENCHMARK(BM_RouterOneRouteChange)->Arg(100'000)->Unit(benchmark::kMillisecond);

/// What `weir explain` and `weir check` ask.
void BM_RouterExplain(benchmark::State& state) {
  const World world = make_world(static_cast<std::size_t>(state.range(0)));
  const Router router(world.rules);
  const Request& request = world.requests[world.requests.size() / 2];
  for (auto _ : state) benchmark::DoNotOptimize(router.explain({.host = request.host, .path = request.path}));
}
BENCHMARK(BM_RouterExplain)->Arg(100'000)->Unit(benchmark::kMillisecond);

void BM_RouterWarnings(benchmark::State& state) {
  const World world = make_world(static_cast<std::size_t>(state.range(0)));
  const Router router(world.rules);
  for (auto _ : state) benchmark::DoNotOptimize(router.warnings());
}
BENCHMARK(BM_RouterWarnings)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
