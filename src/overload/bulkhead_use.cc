// Waiting, and telling.
#include "overload/bulkhead_use.h"

#include "overload/refusal.h"

namespace weir {
namespace {

std::uint64_t next_generation() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

std::string_view sentence_about(const WaitingVerdict& verdict) {
  if (verdict.verdict == "shed") return "more requests arrive than can be answered in time, and this one was let go";
  return "as many requests as may are being answered and waiting";
}

}  // namespace

BulkheadUse::BulkheadUse(std::shared_ptr<Bulkhead> bulkhead, const BulkheadRule& rule, Place place)
    : bulkhead_(std::move(bulkhead)), rule_(rule), place_(place), generation_(next_generation()) {}

Task<Result<Bulkhead::Permit*>> BulkheadUse::enter(Exchange& exchange) const {
  Bulkhead::Core& core = bulkhead_->core(exchange.shard, rule_, generation_);
  auto* const permit = exchange.arena.make<Bulkhead::Permit>(core);
  Bulkhead::Enter enter(core, exchange, *permit);
  const Result<WaitingVerdict> verdict = co_await enter;
  record(exchange, enter.first_facts());
  if (!verdict) {
    permit->let_go();
    co_return fail(verdict.error());
  }
  if (enter.facts().has_waited) record(exchange, enter.facts());
  if (verdict->action == WaitingAction::enter) co_return permit;
  permit->let_go();
  co_return fail(refusal(exchange, Code::too_many_in_flight,
                         {.by = "concurrency",
                          .subject = bulkhead_->name(),
                          .reason = verdict->reason,
                          .sentence = sentence_about(*verdict),
                          .wait = rule_.retry_after}));
}

void BulkheadUse::record(Exchange& exchange, const WaitingFacts& facts) const {
  const WaitingVerdict verdict = decide_waiting(facts);
  exchange.record({.room = "concurrency",
                   .verdict = verdict.verdict,
                   .subject = bulkhead_->name(),
                   .reason = verdict.reason,
                   .place = place_},
                  facts);
}

}  // namespace weir
