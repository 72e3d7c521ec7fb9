// Options in, terms out; equal ones are found again.
#include "filters/limit/terms.h"

#include <fmt/format.h>

#include "contracts/plugin.h"

namespace weir::limit {
namespace {

/// Terms with the same text are the same.
std::string key_of(const LimitOptions& options, const Rule& rule) {
  const RuleOptions& of = rule.options();
  std::string key = fmt::format("limit terms {:x} {} {} {} {}", reinterpret_cast<std::uintptr_t>(&rule.state()),
                                allowance_of(of), of.dry_run, options.bypass.empty(), cost_most(of));
  if (of.scope == Scope::redis)
    key += fmt::format(" redis {} {}", static_cast<unsigned>(options.redis.on_error), options.redis.lease);
  return key;
}

}  // namespace

std::shared_ptr<RuleTerms> make_terms(const RuleOptions& rule, std::shared_ptr<const RuleState> state,
                                      const LimitOptions& around, unsigned cores, const FleetSettings* fleet) {
  auto terms = std::make_shared<RuleTerms>();
  terms->of = std::move(state);
  terms->allowance = allowance_of(rule);
  terms->stated = stated_of(rule, cores, fleet);
  terms->dry_run = rule.dry_run;
  terms->has_bypass = !around.bypass.empty();
  if (rule.scope == Scope::redis) {
    terms->redis = RedisTerms{.on_error = around.redis.on_error,
                              .lease = leases_bound(rule, around.redis.lease, 1),
                              .leases = leases_bound(rule, around.redis.lease, cores),
                              .away = away_bound(rule, around.redis.on_error, cores)};
  }
  return terms;
}

KeptTerms terms_of(const LimitOptions& options, std::span<const std::unique_ptr<const Rule>> rules,
                   const BuildContext& context) {
  KeptTerms kept;
  if (context.shared_states == nullptr) return kept;  // nobody could look
  for (const auto& rule : rules) {
    kept.push_back(context.shared_states->find_or_make<RuleTerms>(key_of(options, *rule), [&] {
      return make_terms(rule->options(), rule->shared_state(), options, context.cores, context.fleet);
    }));
  }
  return kept;
}

}  // namespace weir::limit
