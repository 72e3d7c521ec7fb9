// The index answers what a reader of the documentation would: over random rules and requests, Router::find equals a
// reference that sorts all rules by the documented order and takes the first that holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <tuple>

#include "base/block_pool.h"
#include "base/random.h"
#include "base/text.h"
#include "route/router.h"

namespace weir {
namespace {

// ---- the reference: written from router.h alone, slowly ----

struct Entry {
  const RouteRule* rule;
  const MatchRule* match;
  std::size_t order;

  [[nodiscard]] auto key() const {
    const auto down = [](auto value) { return -static_cast<std::int64_t>(value); };
    const PathPattern& path = match->path;
    const bool exact = path.kind == PathPattern::Kind::exact;
    const bool ranged = path.kind == PathPattern::Kind::prefix || path.kind == PathPattern::Kind::regex;
    const std::size_t length = path.regex != nullptr ? path.regex->literal_prefix().size() : path.path.size();
    const bool prefix = path.kind == PathPattern::Kind::prefix;
    const bool wildcard = match->host.kind == HostPattern::Kind::wildcard;
    return std::tuple(down(rule->priority), down(match->host.kind == HostPattern::Kind::exact), down(wildcard),
                      down(wildcard ? match->host.name.size() : 0), down(exact), down(ranged),
                      down(ranged ? length : 0), down(prefix), down(!match->methods.empty()),
                      down(match->headers.size()), down(match->queries.size()), order);
  }
};

/// The first value of a parameter. The random queries hold no escapes; router_test.cc shows those.
std::optional<std::string_view> first_parameter(std::string_view query, std::string_view name) {
  for (const std::string_view parameter : text::split(query, '&')) {
    const std::size_t equals = parameter.find('=');
    if (parameter.substr(0, equals) != name) continue;
    return equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1);
  }
  return {};
}

std::optional<std::string_view> first_header(const Fields& fields, std::string_view name) {
  for (const Field& field : fields) {
    if (field.name == name) return field.value;
  }
  return {};
}

bool value_holds(const ValuePattern& pattern, std::optional<std::string_view> value) {
  return value && (!pattern.value || *value == *pattern.value);
}

bool all_but_method_hold(const Entry& entry, const RouteFacts& facts) {
  const MatchRule& match = *entry.match;
  const std::vector<std::uint16_t>& listeners = entry.rule->listeners;
  return (listeners.empty() || std::ranges::find(listeners, facts.listener) != listeners.end()) &&
         match.host.matches(facts.host) && match.path.matches(facts.path) &&
         std::ranges::all_of(match.headers,
                             [&](const ValuePattern& pattern) {
                               return value_holds(pattern, first_header(*facts.fields, pattern.name));
                             }) &&
         std::ranges::all_of(match.queries,
                             [&](const ValuePattern& pattern) {
                               return value_holds(pattern, first_parameter(facts.query, pattern.name));
                             }) &&
         (match.clients.empty() || contains(match.clients, facts.client));
}

bool method_holds(const Entry& entry, const RouteFacts& facts) {
  const std::vector<std::string>& methods = entry.match->methods;
  return methods.empty() || std::ranges::find(methods, facts.method_text) != methods.end();
}

class Reference {
 public:
  explicit Reference(const std::vector<RouteRule>& rules) {
    for (const RouteRule& rule : rules) {
      for (const MatchRule& match : rule.matches) entries_.push_back({&rule, &match, entries_.size()});
    }
    std::ranges::sort(entries_, {}, [](const Entry& entry) { return entry.key(); });
  }

  [[nodiscard]] RouteDecision find(const RouteFacts& facts) const {
    RouteDecision decision;
    for (const Entry& entry : entries_) {
      if (!all_but_method_hold(entry, facts)) continue;
      if (method_holds(entry, facts)) {
        const auto match = static_cast<std::uint32_t>(entry.match - entry.rule->matches.data());
        return {.route = entry.rule->route, .match = match, .reason = RouteReason::matched};
      }
      decision.reason = RouteReason::method_not_allowed;
    }
    return decision;
  }

 private:
  std::vector<Entry> entries_;
};

// ---- small worlds, so that rules and requests meet often ----

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}

  std::vector<RouteRule> make_rules() {
    // Mostly few, so that each rule has its say; sometimes many, since the index treats large tables differently.
    std::vector<RouteRule> rules(1 + random_.below(random_.chance(0.1) ? 600 : 60));
    const bool priorities = random_.chance(0.4);
    for (std::size_t at = 0; at < rules.size(); ++at) {
      rules[at].route = static_cast<std::uint32_t>(at);
      if (priorities && random_.chance(0.3)) rules[at].priority = static_cast<std::int32_t>(random_.below(5)) - 2;
      if (random_.chance(0.2)) rules[at].listeners = {static_cast<std::uint16_t>(random_.below(3))};
      const std::size_t matches = random_.chance(0.2) ? 3 : 1;
      std::vector<MatchRule>& kept = matches_.emplace_back();
      for (std::size_t match = 0; match < matches; ++match) kept.push_back(make_match());
      rules[at].matches = kept;
    }
    return rules;
  }

  RouteFacts make_facts(Arena& arena, Fields& fields) {
    if (random_.chance(0.5)) fields.append("x-a", pick({"1", "2"}));
    if (random_.chance(0.5)) fields.append("accept", pick({"1", "2"}));
    if (random_.chance(0.2)) fields.append("x-a", "3");
    const std::string_view method = pick({"GET", "POST", "PURGE", "BAN"});
    return {.listener = static_cast<std::uint16_t>(random_.below(3)),
            .method = method_of(method),
            .method_text = method,
            .host = arena.copy(random_.chance(0.05) ? std::string() : make_host(4)),
            .path = arena.copy(make_request_path()),
            .query = pick({"", "q=1", "q=2&r=1", "r", "q", "r=2&q=1&q=2", "&&q=1"}),
            .fields = &fields,
            .client = IpAddress::parse(pick({"10.0.0.1", "10.9.0.1", "192.0.2.1"})).value()};
  }

 private:
  std::string_view pick(std::initializer_list<std::string_view> choices) {
    return *(choices.begin() + random_.below(choices.size()));
  }

  std::string make_host(std::size_t labels_max) {
    std::string host(pick({"a", "b"}));
    for (std::size_t more = random_.below(labels_max); more > 0; --more) host += "." + std::string(pick({"a", "b"}));
    return host;
  }

  std::string make_path(std::size_t segments_min) {
    std::string path;
    for (std::size_t more = segments_min + random_.below(4); more > 0; --more) {
      path += "/" + std::string(pick({"a", "b", "ab", "abc"}));
    }
    return path;
  }

  std::string make_request_path() {
    if (random_.chance(0.02)) return std::string(pick({"*", ""}));
    const std::string path = make_path(0);
    return path.empty() || random_.chance(0.2) ? path + "/" : path;
  }

  PathPattern make_pattern() {
    switch (random_.below(5)) {
      case 0:
        return {};
      case 1: {
        const std::string path = make_request_path();
        return PathPattern::parse(path.starts_with('/') ? path : "/").value();
      }
      case 2:
      case 3:
        return PathPattern::parse(make_path(1) + "/*").value();
      default: {
        const std::string end(pick({"$", "", ".*", "/?$", "[a-c]*$", "+", "(/|$)", "|^/b", "*", "/[ab]+/"}));
        return PathPattern::parse_regex((random_.chance(0.8) ? "^" : "") + make_path(1) + end).value();
      }
    }
  }

  MatchRule make_match() {
    MatchRule match;
    if (const std::uint64_t kind = random_.below(3); kind > 0) {
      match.host = HostPattern::parse((kind == 1 ? "*." : "") + make_host(3)).value();
    }
    match.path = make_pattern();
    if (random_.chance(0.2)) match.methods = {std::string(pick({"GET", "POST", "PURGE"}))};
    if (random_.chance(0.1)) match.methods.emplace_back("BAN");
    if (random_.chance(0.2)) match.headers.push_back(make_value("x-a"));
    if (random_.chance(0.2)) match.headers.push_back(make_value("accept"));
    if (random_.chance(0.2)) match.queries.push_back(make_value("q"));
    if (random_.chance(0.2)) match.queries.push_back(make_value("r"));
    if (random_.chance(0.1)) match.clients.push_back(parse_client(pick({"10.0.0.0/8", "10.0.0.0/16"})).value());
    return match;
  }

  ValuePattern make_value(std::string name) {
    if (random_.chance(0.3)) return {std::move(name), {}};
    return {std::move(name), std::string(pick({"1", "2"}))};
  }

  Random random_;
  std::deque<std::vector<MatchRule>> matches_;  // what the rules point to
};

TEST(RouterProperty, finds_what_the_documented_order_says) {
  // 500 configurations times 200 requests: 100,000 decisions.
  std::size_t matched = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    World world(seed);
    const std::vector<RouteRule> rules = world.make_rules();
    const Router router(rules);
    const Reference reference(rules);
    for (int request = 0; request < 200; ++request) {
      BlockPool pool(2);
      Arena arena(pool);
      Fields fields(arena);
      const RouteFacts facts = world.make_facts(arena, fields);
      const RouteDecision expected = reference.find(facts);
      const RouteDecision found = router.find(facts);
      ASSERT_TRUE(found.route == expected.route && found.match == expected.match && found.reason == expected.reason)
          << "seed " << seed << " request " << request << ": " << facts.method_text << " " << facts.host << facts.path
          << "?" << facts.query << " found " << found.route << "/" << found.match << ", expected " << expected.route
          << "/" << expected.match;
      matched += found.matched();
    }
  }
  EXPECT_GT(matched, 30'000U) << "the worlds are such that rules and requests meet";
  EXPECT_LT(matched, 99'000U);
}

TEST(RouterProperty, a_shadowed_rule_never_wins) {
  // Warnings of random configurations, held against random requests.
  std::size_t shadowed = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    World world(seed);
    const Router router(world.make_rules());
    const std::vector<RouteWarning> warnings = router.warnings();
    for (int request = 0; request < 200; ++request) {
      BlockPool pool(2);
      Arena arena(pool);
      Fields fields(arena);
      const RouteDecision found = router.find(world.make_facts(arena, fields));
      for (const RouteWarning& warning : warnings) {
        if (warning.kind != RouteWarning::Kind::shadowed) continue;
        ++shadowed;
        ASSERT_FALSE(found.route == warning.rule.route && found.match == warning.rule.match) << "seed " << seed;
      }
    }
  }
  EXPECT_GT(shadowed, 0U);
}

}  // namespace
}  // namespace weir
