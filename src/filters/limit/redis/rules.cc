// What is known here, then one question for each slot, then what the answer means.
#include "filters/limit/redis/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/crypto.h"
#include "contracts/plugin.h"
#include "net/redis/slots.h"

namespace weir::limit {
namespace {

RedisSource source_of(const Error& error) {
  switch (error.code) {
    case Code::timed_out:
      return RedisSource::late;
    case Code::unreachable:
    case Code::connect_refused:
    case Code::connect_timeout:
    case Code::resolve_failed:
    case Code::draining:
    case Code::tls_failed:
    case Code::tls_timeout:
    case Code::certificate_untrusted:
      return RedisSource::down;
    default:
      return RedisSource::failed;
  }
}

/// The same on each gateway that has the rule, whatever else its configuration holds.
std::string identity_in_redis(const Rule& rule, std::string_view path) {
  const RuleOptions& options = rule.options();
  const Budget budget = budget_of(options, 1);
  return fmt::format("1 {} {} {}/{} burst {} debt {} delay {} key {} ipv6/{}",
                     options.name.empty() ? path : std::string_view(options.name), weir::name_of(budget.algorithm),
                     budget.limit, budget.window.count(), budget.burst, budget.debt, budget.delay.count(),
                     OptionType<KeyParts>::shown(options.key), options.ipv6_prefix);
}

}  // namespace

// ---- a question on its way ----

/// One call about a group of rules: what is asked of each, and the leases that nobody else may ask for meanwhile.
class RedisRules::Asking {
 public:
  Asking(const RedisRules& rules, Shard& shard, std::span<Judged> judged, std::span<const Part* const> group)
      : rules_(rules), shard_(shard), judged_(judged), group_(group), leases_(group.size()), asked_(group.size()) {}
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  ~Asking() {
    for (std::size_t at = 0; at < group_.size(); ++at) {
      if (HotKeys::Key* const key = leases_[at] > 0 ? hot(at) : nullptr) key->asking = false;
    }
  }

  [[nodiscard]] redis::Request request() {
    for (std::size_t at = 0; at < group_.size(); ++at) {
      const Part& part = *group_[at];
      const Judged& judged = judged_[part.rule];
      if (rules_.options_.lease > 0 && !part.of->settles() && !part.of->options().dry_run) want_lease(at);
      asked_[at] = {.rule = &part.redis,
                    .key = judged.redis->key,
                    .cost = static_cast<std::int64_t>(judged.cost),
                    .more = static_cast<std::int64_t>(leases_[at])};
    }
    return counting_request(RedisFunction::take, asked_);
  }

  /// \returns  whether all agreed
  bool keep(std::span<const RedisTaken> taken, Time asked) {
    bool agreed = true;
    for (std::size_t at = 0; at < group_.size(); ++at) agreed = agreed && (taken[at].admitted || is_dry(at));
    for (std::size_t at = 0; at < group_.size(); ++at) {
      const RedisTaken& of = taken[at];
      RedisJudged& judged = *judged_[group_[at]->rule].redis;
      judged.facts.source = RedisSource::answered;
      judged.facts.said = {.admitted = of.admitted, .remaining = of.remaining, .wait = of.wait, .reset = of.reset};
      judged.mark = of.mark;
      judged.charged = agreed && of.admitted;
      HotKeys::Key* const key = hot(at);
      if (key == nullptr) continue;
      if (leases_[at] > 0 && of.leased > 0) HotKeys::grant(*key, of.leased, of.remaining - of.leased, asked);
      if (!of.admitted && !is_dry(at) && of.wait > Duration{})
        HotKeys::remember_refusal(*key, judged.facts.cost, judged.facts.said, asked);
    }
    return agreed;
  }

 private:
  [[nodiscard]] bool is_dry(std::size_t at) const { return group_[at]->of->options().dry_run; }
  [[nodiscard]] HotKeys::Key* hot(std::size_t at) const {
    return rules_.hot_keys(shard_, *group_[at]).find(judged_[group_[at]->rule].hash);
  }
  void want_lease(std::size_t at) {
    HotKeys::Key* const key = hot(at);
    if (key == nullptr) return;
    leases_[at] = HotKeys::wanted(*key, rules_.options_.lease);
    key->asking = key->asking || leases_[at] > 0;
  }

  const RedisRules& rules_;
  Shard& shard_;
  std::span<Judged> judged_;
  std::span<const Part* const> group_;
  std::vector<std::uint64_t> leases_;  // wanted
  std::vector<RedisAsked> asked_;
};

// ---- rules ----

RedisRules::RedisRules(RedisOptions options, std::shared_ptr<RedisState> state)
    : options_(std::move(options)),
      state_(std::move(state)),
      client_key_("limit redis " + crypto::encode_base64url(crypto::sha256(options_.identity()))) {}

std::unique_ptr<const RedisRules> RedisRules::build(const RedisOptions& options,
                                                    std::span<const std::unique_ptr<const Rule>> rules,
                                                    BuildContext& context) {
  if (std::ranges::none_of(rules, [](const auto& rule) { return rule->options().scope == Scope::redis; })) return {};
  const auto make = [&] { return std::make_shared<RedisState>(options, context.cores); };
  auto state = context.shared_states == nullptr
                   ? make()
                   : context.shared_states->find_or_make<RedisState>("limit redis " + options.identity(), make);
  auto built = std::make_unique<RedisRules>(options, std::move(state));
  for (std::size_t at = 0; at < rules.size(); ++at) {
    const Rule& rule = *rules[at];
    if (rule.options().scope != Scope::redis) continue;
    built->parts_.push_back({.rule = at,
                             .of = &rule,
                             .redis = RedisRule(budget_of(rule.options(), 1), rule.options().dry_run, options.prefix,
                                                identity_in_redis(rule, context.path))});
  }
  return built;
}

RedisCore& RedisRules::core(Shard& shard) const {
  return shard.state<RedisCore>(client_key_, [&] { return std::make_unique<RedisCore>(shard, options_, state_); });
}

HotKeys& RedisRules::hot_keys(Shard& shard, const Part& part) const {
  std::unique_ptr<HotKeys>& hot = part.of->state().core(shard.id).hot;
  if (!hot) hot = std::make_unique<HotKeys>();
  return *hot;
}

Task<Result<void>> RedisRules::ask(Exchange& exchange, std::span<Judged> judged) const {
  Arena& arena = exchange.arena;
  RedisCore& core = this->core(exchange.shard);
  // Outside of a cluster all keys live together.
  std::map<std::uint16_t, std::vector<const Part*>> groups;
  for (const Part& part : parts_) {
    Judged& each = judged[part.rule];
    each.redis = arena.make<RedisJudged>();
    each.redis->facts = {
        .on_error = options_.on_error, .now = each.facts.now, .cost = each.facts.cost, .state = each.facts.state};
    each.redis->key = arena.copy(part.redis.key_of(part.of->values_of(selector_facts(exchange), arena)));
    groups[options_.cluster ? redis::slot_of(each.redis->key) : 0].push_back(&part);
  }
  const Time deadline = deadline_after(exchange.shard.reactor.now(), options_.budget);
  bool agreed = true;
  for (const auto& [slot, group] : groups) {
    if (agreed) {
      CO_TRY(agreed, co_await ask_group(exchange, core, judged, group, deadline));
      if (!agreed) take_back(exchange, judged);
    } else {
      for (const Part* const part : group) judged[part->rule].redis = nullptr;  // nobody asked
    }
  }
  co_return Result<void>{};
}

Task<Result<bool>> RedisRules::ask_group(Exchange& exchange, RedisCore& core, std::span<Judged> judged,
                                         std::span<const Part* const> group, Time deadline) const {
  if (decide_here(exchange, core, judged, group)) {
    co_return std::ranges::all_of(group, [&](const Part* part) { return judged[part->rule].verdict.admitted; });
  }
  Reactor& reactor = exchange.shard.reactor;
  const std::uint16_t slot = redis::slot_of(judged[group.front()->rule].redis->key);
  RedisSource source = RedisSource::down;
  bool agreed = true;
  {
    Asking asking(*this, exchange.shard, judged, group);
    const redis::Request request = asking.request();
    const Time asked = reactor.now();
    const Result<redis::Reply> reply =
        co_await core.client().ask(request, slot, std::max(deadline - asked, Duration{}));
    const Cancellation* const cancellation = co_await current_cancellation();
    if (cancellation != nullptr && cancellation->requested()) co_return fail(cancellation->why());
    std::vector<RedisTaken> taken(group.size());
    if (!reply) {
      source = source_of(reply.error());
    } else if (!read_taken(reply->value(), taken)) {
      source = RedisSource::failed;
      core.refused(reply->value().is_error() ? reply->value().text() : "what came is no answer to the question");
    } else {
      source = RedisSource::answered;
      agreed = asking.keep(taken, asked);
    }
  }
  core.counts().decided[static_cast<std::size_t>(source)].add();
  for (const Part* const part : group) {
    Judged& each = judged[part->rule];
    each.redis->facts.source = source;
    conclude(*part, each);
    agreed = agreed && (each.verdict.admitted || part->of->options().dry_run);
  }
  co_return agreed;
}

/// Whether what this core remembers is enough to decide.
bool RedisRules::decide_here(Exchange& exchange, RedisCore& core, std::span<Judged> judged,
                             std::span<const Part* const> group) const {
  const Time now = exchange.shard.reactor.now();
  const auto hot_of = [&](const Part* part) {
    return part->of->options().dry_run ? nullptr : hot_keys(exchange.shard, *part).find(judged[part->rule].hash);
  };
  for (const Part* const part : group) (void)hot_keys(exchange.shard, *part).touch(judged[part->rule].hash, now);
  const auto refusing = std::ranges::find_if(group, [&](const Part* part) {
    const HotKeys::Key* const key = hot_of(part);
    return key != nullptr && key->refused.refuses(judged[part->rule].cost, now);
  });
  if (refusing != group.end()) {
    for (const Part* const part : group) {
      if (part != *refusing) judged[part->rule].redis = nullptr;  // nobody asked
    }
    Judged& refused = judged[(*refusing)->rule];
    refused.redis->facts.source = RedisSource::refused_lately;
    refused.redis->facts.said = hot_of(*refusing)->refused.verdict(now);
    conclude(**refusing, refused);
    core.counts().decided[static_cast<std::size_t>(RedisSource::refused_lately)].add();
    return true;
  }
  const bool leased = std::ranges::all_of(group, [&](const Part* part) {
    const HotKeys::Key* const key = hot_of(part);
    return key != nullptr && key->lease_until > now && key->leased >= judged[part->rule].cost;
  });
  if (!leased) return false;
  for (const Part* const part : group) {
    Judged& each = judged[part->rule];
    HotKeys::Key& key = *hot_of(part);
    HotKeys::spend_lease(key, each.cost, now);
    each.redis->facts.source = RedisSource::leased;
    each.redis->facts.said = {.admitted = true, .remaining = key.leased + key.remaining, .reset = each.verdict.reset};
    conclude(*part, each);
  }
  core.counts().decided[static_cast<std::size_t>(RedisSource::leased)].add();
  return true;
}

void RedisRules::conclude(const Part& part, Judged& judged) const {
  judged.redis->decided = decide_redis(part.of->budget_here(), judged.redis->facts);
  judged.verdict = judged.redis->decided.verdict;
}

void RedisRules::take_back(Exchange& exchange, std::span<const Judged> judged) const {
  for (const Part& part : parts_) {
    const Judged& each = judged[part.rule];
    if (each.redis == nullptr || !each.redis->charged) continue;
    each.redis->charged = false;
    settle(exchange, part.rule, each, -static_cast<std::int64_t>(each.cost));
  }
}

void RedisRules::settle(Exchange& exchange, std::size_t rule, const Judged& judged, std::int64_t more) const {
  if (judged.redis == nullptr || !redis_decides(judged.redis->facts.source)) return;
  const auto part = std::ranges::find(parts_, rule, &Part::rule);
  const RedisAsked asked{.rule = &part->redis, .key = judged.redis->key, .cost = judged.redis->mark, .more = more};
  core(exchange.shard)
      .client()
      .tell(counting_request(RedisFunction::settle, std::span(&asked, 1)), redis::slot_of(judged.redis->key));
}

}  // namespace weir::limit
