// Accounts, shares, refusals.
#include "filters/limit/fleet/owned_part.h"

#include <algorithm>

namespace weir::limit::fleet {
namespace {

Company company_of(unsigned cores) {
  return cores == 1 ? Company::alone : Company::shared;
}

}  // namespace

OwnedPart::OwnedPart(const OwnedSettings& settings, std::shared_ptr<Desk> desk)
    : rule_(settings.rule),
      election_(settings.names),
      self_(settings.self),
      patience_(settings.patience),
      desk_(std::move(desk)),
      account_(settings.whole, settings.keys, company_of(settings.cores)),
      share_(fleet::share_budget(settings.whole, settings.names.size(), settings.cost_most), settings.keys,
             company_of(settings.cores)),
      cores_(settings.cores) {}

std::optional<BudgetVerdict> OwnedPart::refused(Fingerprint key, unsigned core, std::uint64_t cost, Time now) const {
  const std::vector<Refusal>& refused = cores_[core].refused;
  if (refused.empty()) return {};
  const Refusal& refusal = refused[key % refusals];
  if (refusal.key != key || !refusal.said.refuses(cost, now)) return {};
  return refusal.said.verdict(now);
}

void OwnedPart::remember_refusal(Fingerprint key, unsigned core, std::uint64_t cost, Time now,
                                 const BudgetVerdict& said) {
  std::vector<Refusal>& refused = cores_[core].refused;
  if (refused.empty()) refused.resize(refusals);
  const Duration believed = believed_for(account_.budget(), said.wait);
  refused[key % refusals] = {.key = key, .said = RememberedRefusal::of(cost, said, now, believed)};
}

Question OwnedPart::question(Fingerprint key, std::int64_t cost) const {
  return {.key = key, .rule = rule_, .cost = static_cast<std::int32_t>(cost), .number = 0};
}

Answer OwnedPart::answer(const Question& question, Time now) {
  if (question.cost < 0) {
    account_.settle(question.key, now, question.cost);
    return {};
  }
  std::uint64_t before = 0;
  const BudgetVerdict verdict = account_.spend(question.key, now, static_cast<std::uint64_t>(question.cost), before);
  for_others_.add();
  return {.number = question.number,
          .said = verdict.admitted ? Said::admitted : Said::refused,
          .remaining = verdict.remaining,
          .wait = verdict.wait,
          .reset = verdict.reset};
}

OwnedPart::Totals OwnedPart::totals() const {
  Totals totals{.here = 0, .decided = {}, .for_others = for_others_.get()};
  for (const Core& core : cores_) {
    totals.here += core.here.get();
    for (std::size_t source = 0; source < owned_sources; ++source) totals.decided[source] += core.decided[source].get();
  }
  return totals;
}

}  // namespace weir::limit::fleet
