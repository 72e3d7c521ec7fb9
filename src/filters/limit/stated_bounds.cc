// By kind, in the order of the header's table.
#include "filters/limit/stated_bounds.h"

#include <algorithm>

#include "base/limits.h"
#include "contracts/fleet.h"
#include "filters/limit/paced_body.h"
#include "filters/limit/redis/decision.h"

namespace weir::limit {
namespace {

/// Months in the mean of 400 years; days that are an hour short or long make up for each other.
double mean_seconds(const Budget& quota) {
  constexpr double mean_month = 146'097.0 * 86'400 / 4800;
  const bool by_months = quota.calendar != nullptr && quota.calendar->unit() == PeriodUnit::month;
  return by_months ? mean_month : std::chrono::duration<double>(quota.window).count();
}

/// Bytes of one turn, that of a file's slice included where one may pass.
ByteCount turn_most(const Pace& pace) {
  const ByteCount portion = PacedBody::portion_of(pace);
  return pace.burst >= limits::file_slice_bytes ? std::max(portion, limits::file_slice_bytes) : portion;
}

Stated stated_of_fleet(const RuleOptions& rule, unsigned cores, const FleetSettings* fleet) {
  const Budget whole = budget_of(rule, 1);
  const std::uint64_t most = cost_most(rule);
  if (!is_owned(rule) || fleet == nullptr)
    return {.bound = fleet_bound(whole, {}, most), .alone = fleet_share_bound(whole, most)};
  const std::size_t members = fleet->members.size();
  return {.bound = owned_bound(whole, cores, fleet->budget, most),
          .alone = owned_share_bound(fleet::share_budget(whole, members, most), members)};
}

}  // namespace

Stated stated_of(const RuleOptions& rule, unsigned cores, const FleetSettings* fleet) {
  if (rule.in_flight) return {.in_flight = in_flight_bound(*rule.in_flight, cores)};
  if (rule.bandwidth) {
    const Pace pace = pace_of(*rule.bandwidth);
    return {.bound = pace_bound(pace, rule.key.connection ? 1 : cores),
            .more_of_each_stream = PacedBody::portion_of(pace)};
  }
  if (rule.scope == Scope::fleet) return stated_of_fleet(rule, cores, fleet);
  const bool forgives = !rule.cost.response_header.empty();
  const Budget whole = budget_of(rule, 1);
  const std::uint64_t most = cost_most(rule);
  if (rule.quota) {
    return {
        .bound = quota_bound(whole, cores, most), .in_period = period_bound(whole, cores, most), .forgives = forgives};
  }
  // Redis counts one request after the other; parts of cores add up to the whole.
  return {.bound = machine_bound(whole, rule.scope == Scope::shared ? cores : 1, most), .forgives = forgives};
}

std::uint64_t cost_most(const RuleOptions& rule) {
  return rule.cost.header.empty() ? rule.cost.fixed : rule.cost.maximum;
}

std::uint64_t period_bound(const Budget& quota, unsigned cores, std::uint64_t cost_most) {
  return quota.limit + quota.debt + (std::max(cores, 1U) - 1) * cost_most;
}

Bound quota_bound(const Budget& quota, unsigned cores, std::uint64_t cost_most) {
  const auto two = static_cast<double>(2 * period_bound(quota, cores, cost_most));
  return {.mean_per_second = static_cast<double>(quota.limit) / mean_seconds(quota),
          .worst_second = two,
          .worst_ten_seconds = two};
}

std::uint64_t in_flight_bound(std::uint64_t limit, unsigned cores) {
  return limit + std::max(cores, 1U) - 1;
}

Bound pace_bound(const Pace& pace, unsigned cores) {
  const auto rate = static_cast<double>(pace.bytes_per_second);
  // Cores that meet a new key in the same instant lose a turn each, but for one.
  const double once =
      static_cast<double>(pace.burst) + static_cast<double>((std::max(cores, 1U) - 1) * turn_most(pace));
  return {.mean_per_second = rate, .worst_second = once + rate, .worst_ten_seconds = once + 10 * rate};
}

std::optional<Bound> away_bound(const RuleOptions& rule, OnError on_error, unsigned cores) {
  switch (on_error) {
    case OnError::open:
      return {};
    case OnError::closed:
      return Bound{};
    case OnError::local:
      break;
  }
  return machine_bound(local_budget(budget_of(rule, 1)), cores, cost_most(rule));
}

std::uint64_t leases_bound(const RuleOptions& rule, std::uint64_t lease, unsigned cores) {
  // What is settled afterwards, or refuses nobody, is leased to nobody.
  if (rule.dry_run || !rule.cost.response_header.empty()) return 0;
  return lease * std::max(cores, 1U);
}

}  // namespace weir::limit
