// What a rule's bound depends on where it stands: the options that change no counter, and what they make of it.
//
// Problem: rules that count together share one state (rule.h), and yet one may only watch while another refuses, or one
// be leased from Redis and the other not. Operators want to know what holds.
// Idea: a filter keeps the terms of its rules as long as it lives; equal ones are one. Nobody reads them but operators.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "contracts/shared_states.h"
#include "filters/limit/rule.h"
#include "filters/limit/stated_bounds.h"

namespace weir::limit {

/// Of a rule that Redis counts.
struct RedisTerms {
  OnError on_error = OnError::local;
  std::uint64_t lease = 0;      ///< of a core
  std::uint64_t leases = 0;     ///< of all cores of this gateway: so much beyond the bound
  std::optional<Bound> away{};  ///< of this gateway, while Redis does not answer; nothing: all pass
};

struct RuleTerms final : SharedState {
  std::shared_ptr<const RuleState> of;
  std::string allowance;
  Stated stated;
  bool dry_run = false;
  bool has_bypass = false;
  std::optional<RedisTerms> redis;
};

using KeptTerms = std::vector<std::shared_ptr<const RuleTerms>>;

/// \param around  what stands beside the rule. \param fleet  for rules of that scope
std::shared_ptr<RuleTerms> make_terms(const RuleOptions& rule, std::shared_ptr<const RuleState> state,
                                      const LimitOptions& around, unsigned cores, const FleetSettings* fleet);

/// Of all rules of a filter.
KeptTerms terms_of(const LimitOptions& options, std::span<const std::unique_ptr<const Rule>> rules,
                   const BuildContext& context);

}  // namespace weir::limit
