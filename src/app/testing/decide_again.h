// Every decision a story can tell of, made again from its recorded facts and the rules it was made by.
//
//   const DecideAgain again{gateway, cluster, rules_by_route};
//   for (const StoryDecision& decision : story.decisions) again(story, decision);
//
// A kind of decision that is not here is a failure: whoever adds one shows that it can be made again.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "contracts/exchange.h"
#include "filters/access/access.h"
#include "filters/api_key/api_key.h"
#include "filters/basic_auth/basic_auth.h"
#include "filters/body_limit/body_limit.h"
#include "filters/circuit_breaker/circuit_breaker.h"
#include "filters/compress/decision.h"
#include "filters/decompress/decompress.h"
#include "filters/error_pages/error_pages.h"
#include "filters/fallback/fallback.h"
#include "filters/fault_injection/fault_injection.h"
#include "filters/forward_auth/forward_auth.h"
#include "filters/limit/limit.h"
#include "filters/priority/priority.h"
#include "filters/rewrite/rewrite.h"
#include "observers/stories/story.h"
#include "overload/waiting_rule.h"
#include "route/recorded_route.h"
#include "route/recorded_target.h"
#include "server/gateway.h"
#include "server/misdirection.h"
#include "services/fastcgi/fastcgi.h"
#include "services/files/files.h"
#include "services/proxy/proxy.h"
#include "services/redirect/redirect.h"
#include "upstream/attempt.h"
#include "upstream/availability.h"
#include "upstream/family_race.h"
#include "upstream/pool.h"
#include "upstream/recorded_pick.h"
#include "upstream/retry.h"
#include "upstream/sticky.h"

namespace weir {

/// What the configuration says of a route, as far as its decisions hang on more than their facts.
struct RouteRules {
  AccessOptions access;
  ByteCount body_bytes_max = unbounded;
  std::vector<ErrorPage> pages;
  std::vector<ProxyTarget> targets;
  std::shared_ptr<const RedirectMap> redirects;
  // Owned by the route; null where it has none.
  const CircuitBreakerFilter* circuit_breaker = nullptr;
  const limit::Limit* limit = nullptr;
  const PriorityFilter* priority = nullptr;
  const Rewrite* rewrite = nullptr;
  const Redirect* redirect = nullptr;
  const Files* files = nullptr;
  const Fastcgi* fastcgi = nullptr;
};

class DecideAgain {
 public:
  DecideAgain(const Gateway& gateway, const Cluster& cluster, const std::map<std::string, RouteRules>& rules)
      : gateway_(gateway), cluster_(cluster), rules_(rules) {}

  void operator()(const Story& story, const StoryDecision& decision) {
    SCOPED_TRACE(std::string(decision.room) + ": " + std::string(decision.verdict) + ", " +
                 std::string(decision.reason));
    ASSERT_FALSE(decision.facts.empty());
    const std::string_view room = decision.room;
    if (room == "filter") return;  // that one took time was measured, not decided
    if (room == "report") return;  // what a server said was heard
    if (room == "route") return route(decision);
    if (room == "balance") return balance(decision);
    if (room == "pool") return pool(decision);
    if (room == "retry") return retry(decision);
    if (room == "health") return health(decision);
    if (room == "api_key") return api_key(decision);
    if (room == "basic_auth") return basic_auth(decision);
    if (room == "compress") return compress(decision);
    if (room == "concurrency") return concurrency(decision);
    if (room == "decompress") return decompress(decision);
    if (room == "fallback") return fallback(decision);
    if (room == "fault_injection") return fault_injection(decision);
    if (room == "forward_auth") return forward_auth(decision);
    if (room == "hedge") return hedge(decision);
    if (room == "race") return race(decision);
    if (room == "family") return family(decision);
    if (room == "tls") return misdirection(decision);
    if (room == "sticky") return sticky(decision);
    if (room == "zone") return zone(decision);
    const auto rules = rules_.find(std::string(story.route));
    ASSERT_NE(rules, rules_.end());
    if (room == "access") return access(rules->second, decision);
    if (room == "body_limit") return body_limit(rules->second, decision);
    if (room == "circuit_breaker") return circuit_breaker(rules->second, decision);
    if (room == "error_pages") return error_pages(rules->second, decision);
    if (room == "files") return files(rules->second, decision);
    if (room == "limit") return limit(rules->second, decision);
    if (room == "priority") return priority(rules->second, decision);
    if (room == "proxy") return proxy(rules->second, decision);
    if (room == "redirect") return redirect(rules->second, decision);
    if (room == "rewrite") return rewrite(rules->second, decision);
    if (room == "script") return script(rules->second, decision);
    ADD_FAILURE() << "nobody makes the decisions of " << room << " again";
  }

 private:
  void route(const StoryDecision& decision) {
    const auto facts = unpack_route_facts(decision.facts, gateway_.router.fields_asked_for(), arena_);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->fields->find(FieldName::cookie), nullptr) << "no rule asks for it";
    const RouteDecision again = gateway_.router.find(*facts);
    EXPECT_EQ(decision.reason, name_of(again.reason));
    EXPECT_EQ(decision.verdict, again.matched() ? "matched" : "refused");
    if (!again.matched()) return;
    EXPECT_EQ(decision.subject, gateway_.routes[again.route]->name);
    EXPECT_EQ(decision.place, gateway_.routes[again.route]->place);
  }

  // ---- the upstream ----

  void balance(const StoryDecision& decision) const {
    const auto recorded = RecordedPick::read(decision.facts);
    ASSERT_TRUE(recorded);
    const std::optional<Pick> again = recorded->pick_again(cluster_.balancer(), cluster_.table().get());
    ASSERT_TRUE(again);
    EXPECT_EQ(decision.subject, cluster_.settings().endpoints[again->endpoint].endpoint.text());
    EXPECT_EQ(decision.reason, again->reason);
  }

  void zone(const StoryDecision& decision) const {
    const auto recorded = RecordedPick::read(decision.facts);
    ASSERT_TRUE(recorded);
    EXPECT_EQ(decision.subject, cluster_.settings().zone);
    EXPECT_EQ(decision.reason, recorded->spill_again(cluster_.balancer(), cluster_.table().get()));
  }

  static void health(const StoryDecision& decision) {
    const auto facts = facts_from<GroupFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const GroupVerdict again = decide(*facts);
    EXPECT_EQ(decision.verdict, name_of(again.use));
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void pool(const StoryDecision& decision) {
    const auto facts = facts_from<PoolFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const PoolVerdict again = decide(*facts);
    EXPECT_EQ(decision.verdict, name_of(again.action));
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void retry(const StoryDecision& decision) {
    const auto facts = facts_from<RetryFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const RetryVerdict again = decide(*facts);
    EXPECT_EQ(decision.verdict, name_of(again.action));
    EXPECT_EQ(decision.reason, again.reason);
    EXPECT_EQ(decision.subject, facts->status != 0 ? "retried_status" : name_of(facts->error.code));
  }

  static void hedge(const StoryDecision& decision) {
    const auto facts = facts_from<HedgeFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const HedgeVerdict again = decide(*facts);
    EXPECT_EQ(decision.verdict, again.send ? "sent" : "not_sent");
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void race(const StoryDecision& decision) {
    const auto facts = facts_from<RaceFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const RaceVerdict again = decide(*facts);
    EXPECT_EQ(decision.verdict, name_of(again.outcome));
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void family(const StoryDecision& decision) {
    const auto facts = facts_from<SiblingFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const SiblingVerdict again = decide(*facts);
    EXPECT_TRUE(again.action == SiblingAction::ask || again.action == SiblingAction::ask_instead);
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void misdirection(const StoryDecision& decision) {
    const auto facts = facts_from<MisdirectionFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const MisdirectionVerdict again = decide(*facts);
    EXPECT_TRUE(again.misdirected);
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void sticky(const StoryDecision& decision) {
    const auto facts = facts_from<StickyFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const StickyVerdict again = decide(*facts);
    EXPECT_EQ(decision.verdict, name_of(again.action));
    EXPECT_EQ(decision.reason, again.reason);
  }

  // ---- filters whose facts say everything ----

  static void api_key(const StoryDecision& decision) {
    const auto facts = facts_from<ApiKeyFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const ApiKeyVerdict again = decide_api_key(*facts);
    EXPECT_EQ(decision.verdict, again.allowed ? "allowed" : "refused");
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void basic_auth(const StoryDecision& decision) {
    const auto facts = facts_from<BasicAuthFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const BasicAuthVerdict again = decide_basic_auth(*facts);
    EXPECT_EQ(decision.verdict, again.allowed ? "allowed" : "refused");
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void compress(const StoryDecision& decision) {
    const auto facts = facts_from<CompressionFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const CompressionVerdict again = decide_compression(*facts);
    const bool compressed = again.coding != ContentCoding::identity;
    EXPECT_EQ(decision.verdict, compressed ? text_of(again.coding) : "plain");
    EXPECT_EQ(decision.subject, compressed ? name_of(again.effort) : "");
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void concurrency(const StoryDecision& decision) {
    const auto facts = facts_from<WaitingFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const WaitingVerdict again = decide_waiting(*facts);
    EXPECT_EQ(decision.verdict, again.verdict);
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void fallback(const StoryDecision& decision) {
    const auto facts = facts_from<FallbackFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const FallbackVerdict again = decide_fallback(*facts);
    EXPECT_EQ(decision.verdict, again.serve ? "served" : "not_served");
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void fault_injection(const StoryDecision& decision) {
    const auto facts = facts_from<FaultFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const FaultVerdict again = decide_fault(*facts);
    EXPECT_EQ(decision.verdict, name_of(again));
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void decompress(const StoryDecision& decision) {
    const auto facts = facts_from<DecompressFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const DecompressVerdict again = decide_decompress(*facts);
    EXPECT_EQ(decision.verdict, name_of(again.action));
    EXPECT_EQ(decision.subject, text_of(again.coding));
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void forward_auth(const StoryDecision& decision) {
    const auto facts = facts_from<AuthorityFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const AuthorityVerdict again = decide_forward_auth(*facts);
    EXPECT_EQ(decision.verdict, name_of(again.action));
    EXPECT_EQ(decision.reason, again.reason);
  }

  // ---- filters and services that have rules ----

  static void access(const RouteRules& rules, const StoryDecision& decision) {
    const auto client = facts_from<IpAddress>(decision.facts);
    ASSERT_TRUE(client);
    const AccessVerdict again = decide_access(rules.access, *client);
    EXPECT_EQ(decision.verdict, again.allowed ? "allowed" : "denied");
    EXPECT_EQ(decision.reason, again.reason);
    EXPECT_EQ(decision.place, again.place);
  }

  static void body_limit(const RouteRules& rules, const StoryDecision& decision) {
    const auto framing = facts_from<Framing>(decision.facts);
    ASSERT_TRUE(framing);
    const BodyLimitVerdict again = decide_body_limit(rules.body_bytes_max, *framing);
    EXPECT_EQ(decision.verdict, again.action == BodyLimitVerdict::Action::refuse ? "refused" : "counted");
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void error_pages(const RouteRules& rules, const StoryDecision& decision) {
    const auto facts = unpack_error_page_facts(decision.facts);
    ASSERT_TRUE(facts);
    const ErrorPageVerdict again = choose_error_page(rules.pages, *facts);
    EXPECT_EQ(decision.verdict, again.page != nullptr ? "replaced" : "kept");
    EXPECT_EQ(decision.reason, again.reason);
    EXPECT_EQ(decision.place, again.page != nullptr ? again.page->place : Place{});
  }

  void files(const RouteRules& rules, const StoryDecision& decision) {
    ASSERT_NE(rules.files, nullptr);
    const auto again = files::decide_again(decision.facts, rules.files->places(), arena_);
    ASSERT_TRUE(again);
    EXPECT_EQ(decision.verdict, again->verdict);
    EXPECT_EQ(decision.reason, again->reason);
  }

  /// One record of a request that came, perhaps another of what it changed when it ended.
  static void circuit_breaker(const RouteRules& rules, const StoryDecision& decision) {
    ASSERT_NE(rules.circuit_breaker, nullptr);
    const BreakerRule& rule = rules.circuit_breaker->breaker().rule();
    if (const auto facts = facts_from<BreakerFacts>(decision.facts)) {
      const BreakerVerdict again = decide_breaker(rule, *facts);
      EXPECT_EQ(decision.verdict, again.allowed ? "passed" : "refused");
      EXPECT_EQ(decision.reason, again.reason);
      return;
    }
    const auto facts = facts_from<SettleFacts>(decision.facts);
    ASSERT_TRUE(facts);
    EXPECT_EQ(decision.reason, settle_breaker(rule, *facts).reason);
  }

  static void priority(const RouteRules& rules, const StoryDecision& decision) {
    ASSERT_NE(rules.priority, nullptr);
    const auto facts = facts_from<PriorityFacts>(decision.facts);
    ASSERT_TRUE(facts);
    const PriorityVerdict again = decide_priority(rules.priority->options(), *facts);
    EXPECT_EQ(decision.verdict, name_of(again.priority));
    EXPECT_EQ(decision.reason, again.reason);
  }

  static void limit(const RouteRules& rules, const StoryDecision& decision) {
    ASSERT_NE(rules.limit, nullptr);
    if (decision.reason == "bypass") {
      const auto client = facts_from<IpAddress>(decision.facts);
      ASSERT_TRUE(client);
      EXPECT_TRUE(contains(rules.limit->options().bypass, *client));
      return;
    }
    const auto all = rules.limit->rules();
    const auto rule =
        std::ranges::find_if(all, [&](const auto& each) { return each->options().place == decision.place; });
    ASSERT_NE(rule, all.end());
    const std::string_view refused = (*rule)->options().dry_run ? "would_refuse" : "refused";
    EXPECT_TRUE(decision.subject.starts_with((*rule)->name()));
    // Facts of Redis and of owners are as long.
    const bool by_redis = (*rule)->options().scope == limit::Scope::redis;
    if (const auto asked = facts_from<limit::RedisFacts>(decision.facts); asked && by_redis) {
      const limit::RedisVerdict again = (*rule)->decide_again(*asked);
      EXPECT_EQ(decision.verdict == refused, !again.verdict.admitted);
      EXPECT_EQ(decision.reason, again.reason);
      return;
    }
    if (const auto asked = facts_from<limit::fleet::OwnedFacts>(decision.facts)) {
      const limit::fleet::OwnedVerdict again = (*rule)->decide_again(*asked);
      EXPECT_EQ(decision.verdict == refused, !again.verdict.admitted);
      EXPECT_EQ(decision.reason, again.reason);
      return;
    }
    const auto facts = facts_from<limit::LimitFacts>(decision.facts);
    ASSERT_TRUE(facts);
    EXPECT_EQ(decision.verdict == refused, !(*rule)->decide_again(*facts));
  }

  static void proxy(const RouteRules& rules, const StoryDecision& decision) {
    const auto draw = facts_from<std::uint64_t>(decision.facts);
    ASSERT_TRUE(draw);
    EXPECT_EQ(decision.subject, pick_target(rules.targets, *draw).cluster->name());
  }

  // The filter and the service of this name tell the same way.
  void redirect(const RouteRules& rules, const StoryDecision& decision) {
    RequestHead request(arena_);
    ASSERT_TRUE(unpack_target(decision.facts, request));
    if (rules.redirect == nullptr) {
      const auto again = rules.redirects->find(request);
      ASSERT_TRUE(again);
      EXPECT_EQ(decision.reason, name_of(again->how));
      EXPECT_EQ(decision.place.line, again->line);
      return;
    }
    const Result<Redirect::Verdict> again = rules.redirect->decide(request, rules.redirects.get(), arena_);
    EXPECT_EQ(decision.verdict, again ? "redirected" : "not_found");
    EXPECT_EQ(decision.reason, again ? again->reason : name_of(again.error().code));
    EXPECT_EQ(decision.place.line, again ? again->line : 0);
  }

  void rewrite(const RouteRules& rules, const StoryDecision& decision) {
    const RewriteVerdict again = rules.rewrite->decide(decision.facts, arena_);
    EXPECT_EQ(decision.verdict, again.good ? "applied" : "failed");
    EXPECT_EQ(decision.subject, again.path);
    EXPECT_EQ(decision.reason, again.reason);
  }

  void script(const RouteRules& rules, const StoryDecision& decision) {
    std::string_view path;
    const auto facts = unpack_script_facts(decision.facts, path);
    ASSERT_TRUE(facts);
    const auto again = choose_script(path, rules.fastcgi->candidates_for(path, arena_), *facts, arena_);
    EXPECT_EQ(decision.verdict, again ? "found" : "refused");
    EXPECT_EQ(decision.subject, again ? again->script : "");
    EXPECT_EQ(decision.reason, again ? again->reason : name_of(again.error().code));
  }

  const Gateway& gateway_;
  const Cluster& cluster_;
  const std::map<std::string, RouteRules>& rules_;
  BlockPool pool_{1};
  Arena arena_{pool_};
};

}  // namespace weir
