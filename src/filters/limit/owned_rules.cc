// Look, ask, conclude, give back.
#include "filters/limit/owned_rules.h"

#include <algorithm>

#include "filters/limit/fleet/asker.h"

namespace weir::limit {
namespace {

/// Beyond the patience of the exchange, so that its word comes first.
constexpr Duration grace = fleet::Asker::breath;

void conclude(const fleet::OwnedPart& part, Judged& judged) {
  judged.owned->decided = fleet::decide_owned(part.share_budget(), judged.owned->facts);
  judged.verdict = judged.owned->decided.verdict;
}

void take_answer(const Rule& rule, fleet::OwnedPart& part, Judged& judged, unsigned core,
                 const fleet::AskOwner::Outcome& outcome) {
  fleet::OwnedFacts& facts = judged.owned->facts;
  judged.owned->pending = false;
  facts.source = outcome.source;
  if (facts.source == fleet::OwnedSource::asked) {
    const fleet::Answer& answer = outcome.answer;
    facts.said = {.admitted = answer.said == fleet::Said::admitted,
                  .remaining = answer.remaining,
                  .wait = answer.wait,
                  .reset = answer.reset};
    judged.owned->charged = facts.said.admitted;
    if (!facts.said.admitted && !rule.options().dry_run)
      part.remember_refusal(judged.hash, core, judged.cost, facts.now, facts.said);
  } else {
    (void)part.share().look(judged.hash, facts.now, judged.cost, facts.state);
  }
  conclude(part, judged);
}

}  // namespace

OwnedJudged* look_at_owned(fleet::OwnedPart& part, Judged& judged, Arena& arena, unsigned core, Time now) {
  if (part.is_ours(judged.hash)) return nullptr;
  auto* const owned = arena.make<OwnedJudged>();
  judged.owned = owned;
  owned->facts.now = now;
  owned->facts.cost = judged.cost;
  if (const std::optional<BudgetVerdict> said = part.refused(judged.hash, core, judged.cost, now)) {
    owned->facts.source = fleet::OwnedSource::refused_lately;
    owned->facts.said = *said;
    conclude(part, judged);
    return owned;
  }
  owned->pending = true;
  judged.verdict.admitted = true;  // nobody has been asked yet
  return owned;
}

Task<Result<void>> ask_owners(Exchange& exchange, std::span<const std::unique_ptr<const Rule>> rules,
                              std::span<Judged> judged) {
  Reactor& reactor = exchange.shard.reactor;
  Time deadline = never;
  for (std::size_t at = 0; at < judged.size(); ++at) {
    Judged& each = judged[at];
    if (each.owned == nullptr || !each.owned->pending) continue;
    const Rule& rule = *rules[at];
    fleet::OwnedPart& part = *rule.state().owned_part();
    if (deadline == never) deadline = deadline_after(reactor.now(), part.patience() + grace);
    fleet::AskOwner question(reactor, part.desk(), part.question(each.hash, static_cast<std::int64_t>(each.cost)),
                             std::max(deadline - reactor.now(), Duration{}));
    CO_TRY(const fleet::AskOwner::Outcome outcome, co_await question);
    take_answer(rule, part, each, exchange.shard.id, outcome);
    if (!each.verdict.admitted && !rule.options().dry_run) break;
  }
  co_return Result<void>{};
}

void give_back_owned(std::span<const std::unique_ptr<const Rule>> rules, std::span<const Judged> judged) {
  for (std::size_t at = 0; at < judged.size(); ++at) {
    if (judged[at].owned == nullptr || !std::exchange(judged[at].owned->charged, false)) continue;
    fleet::OwnedPart& part = *rules[at]->state().owned_part();
    (void)part.desk().leave(part.question(judged[at].hash, -static_cast<std::int64_t>(judged[at].cost)), nullptr);
  }
}

void charge_share(fleet::OwnedPart& part, Judged& judged) {
  fleet::OwnedFacts& facts = judged.owned->facts;
  if (fleet::owner_decides(facts.source)) return;
  (void)part.share().spend(judged.hash, facts.now, judged.cost, facts.state);
  conclude(part, judged);
}

void count_owned(fleet::OwnedPart& part, const Judged& judged, unsigned core) {
  if (judged.owned == nullptr) return part.count_here(core);
  if (!judged.owned->skipped()) part.count(core, judged.owned->facts.source);
}

}  // namespace weir::limit
