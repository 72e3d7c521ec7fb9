// The formulas: first of one machine, by algorithm, then of a fleet, by the delay of its ratio.
#include "filters/limit/error_bound.h"

#include <algorithm>
#include <cmath>

namespace weir::limit {
namespace {

constexpr double deviations = 3;
/// What shares add up to at most (fleet/member.h, invariant 3).
constexpr double shares_together = 1.1;

double seconds_of(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-9;
}

bool is_bucket(const Budget& budget) {
  return budget.algorithm == Algorithm::token_bucket || budget.algorithm == Algorithm::gcra;
}

double rate_of(const Budget& whole) {
  return static_cast<double>(whole.limit) / seconds_of(whole.window);
}

/// What cores lose that meet a new key in the same instant: a charge each, but for one (table.h, invariant 4).
double lost_charges(unsigned cores, std::uint64_t cost_most) {
  return cores > 1 ? static_cast<double>(cores - 1) * static_cast<double>(cost_most) : 0;
}

/// What one machine lets through in a time; windows are those that it may touch.
double machine_worst(const Budget& whole, double seconds) {
  const auto limit = static_cast<double>(whole.limit);
  const double windows = std::ceil(seconds / seconds_of(whole.window));
  if (is_bucket(whole)) return static_cast<double>(whole.burst) + rate_of(whole) * seconds;
  return limit * (whole.algorithm == Algorithm::sliding_log ? windows : windows + 1);
}

double fleet_worst(const Budget& whole, const Growth& growth, std::uint64_t cost_most, double seconds) {
  const double rate = rate_of(whole);
  const double delay = seconds_of(fleet_delay);
  const double burst = static_cast<double>(whole.burst);
  const double noise = deviations * std::sqrt(rate * delay * static_cast<double>(cost_most));
  const double steady = rate * seconds + 2 * burst;
  const double stepped = rate * (growth.from * (seconds - delay) + growth.to * delay);
  return std::max(steady, stepped) + noise;
}

}  // namespace

Bound machine_bound(const Budget& whole, unsigned cores, std::uint64_t cost_most) {
  // A debt is spent beyond the budget once.
  const double extra = static_cast<double>(whole.debt) + lost_charges(cores, cost_most);
  return {.mean_per_second = rate_of(whole),
          .worst_second = machine_worst(whole, 1) + extra,
          .worst_ten_seconds = machine_worst(whole, 10) + extra};
}

Bound fleet_bound(const Budget& whole, const Growth& growth, std::uint64_t cost_most) {
  return {.mean_per_second = rate_of(whole),
          .worst_second = fleet_worst(whole, growth, cost_most, 1),
          .worst_ten_seconds = fleet_worst(whole, growth, cost_most, 10)};
}

Bound owned_bound(const Budget& whole, unsigned cores, Duration delay, std::uint64_t cost_most) {
  Bound bound = machine_bound(whole, cores, cost_most);
  const double more = rate_of(whole) * seconds_of(delay);
  bound.worst_second += more;
  bound.worst_ten_seconds += more;
  return bound;
}

Bound owned_share_bound(const Budget& share, std::size_t members) {
  const auto all = static_cast<double>(members);
  return {.mean_per_second = rate_of(share) * all,
          .worst_second = machine_worst(share, 1) * all,
          .worst_ten_seconds = machine_worst(share, 10) * all};
}

Bound fleet_share_bound(const Budget& whole, std::uint64_t cost_most) {
  Bound bound = fleet_bound(whole, {}, cost_most);
  bound.mean_per_second *= shares_together;
  bound.worst_second *= shares_together;
  bound.worst_ten_seconds *= shares_together;
  return bound;
}

}  // namespace weir::limit
