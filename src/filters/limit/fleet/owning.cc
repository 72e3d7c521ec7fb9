// The threshold, the share, the verdict.
#include "filters/limit/fleet/owning.h"

#include <algorithm>

#include "filters/limit/error_bound.h"
#include "filters/limit/fleet/ratio.h"

namespace weir::limit::fleet {
namespace {

/// A refusal is believed no longer than this: an owner that came new knows nothing of it.
constexpr Duration believed_most = std::chrono::seconds{1};
constexpr std::uint64_t ten_years = std::uint64_t{10} * 365 * 24 * 3600 * 1'000'000'000U;

double requests_per_second(const Budget& whole, std::uint64_t cost) {
  return static_cast<double>(whole.limit) * 1e9 / static_cast<double>(whole.window.count()) / static_cast<double>(cost);
}

std::string_view reason_of(const OwnedFacts& facts, const BudgetVerdict& verdict) {
  if (facts.source == OwnedSource::refused_lately) return "over_limit_lately";
  if (facts.source == OwnedSource::late) return verdict.admitted ? "owner_late_within_share" : "owner_late_over_share";
  if (facts.source == OwnedSource::lost) return verdict.admitted ? "owner_lost_within_share" : "owner_lost_over_share";
  if (verdict.admitted) return "within_limit";
  return verdict.wait == no_limit ? "costs_more_than_there_is" : "over_limit";
}

}  // namespace

double owned_below() {
  const double delay = static_cast<double>(fleet_delay.count()) * 1e-9;
  return 9 * delay / (owned_error * owned_error);
}

bool is_owned(Owner owner, const Budget& whole, std::uint64_t cost) {
  if (owner != Owner::automatic) return owner == Owner::always;
  return requests_per_second(whole, cost) < owned_below();
}

Budget share_budget(const Budget& whole, std::size_t members, std::uint64_t cost_most) {
  Budget share = whole;
  const auto of = static_cast<std::uint64_t>(members);
  share.burst = std::min(whole.burst, std::max({std::uint64_t{1}, cost_most, whole.burst / of}));
  // A budget counts ten years at most (budget.h): beyond them a share is larger than its part.
  const std::uint64_t longest = ten_years / ((share.burst + cost_most) * whole.unit_nanoseconds());
  share.window =
      whole.window * static_cast<std::int64_t>(std::clamp<std::uint64_t>(of, 1, std::max<std::uint64_t>(1, longest)));
  return share;
}

Duration believed_for(const Budget& whole, Duration wait) {
  if (wait == no_limit) return believed_most;
  // Where what comes in meanwhile fits into the bucket, nothing is lost while nobody asks.
  const auto spare = static_cast<std::int64_t>((whole.burst - 1) * whole.unit_nanoseconds());
  return std::min(std::max(wait, Duration{spare} >= interval ? interval : Duration{}), believed_most);
}

std::string_view name_of(OwnedSource source) {
  switch (source) {
    case OwnedSource::asked:
      return "asked";
    case OwnedSource::refused_lately:
      return "refused_lately";
    case OwnedSource::late:
      return "late";
    case OwnedSource::lost:
      return "lost";
  }
  return "";
}

OwnedVerdict decide_owned(const Budget& share, const OwnedFacts& facts) {
  OwnedVerdict decided;
  decided.verdict = owner_decides(facts.source) ? facts.said : decide_budget(share, facts.state, facts.now, facts.cost);
  decided.reason = reason_of(facts, decided.verdict);
  return decided;
}

}  // namespace weir::limit::fleet
