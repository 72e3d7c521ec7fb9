// Find, decide, store; again when somebody was faster.
#include "filters/limit/ledger.h"

#include "base/invariant.h"

namespace weir {

Ledger::Ledger(const Budget& budget, std::uint64_t keys, Company company) : budget_(budget), company_(company) {
  if (budget.algorithm != Algorithm::sliding_log) {
    table_ = std::make_unique<LimitTable>(keys);
    return;
  }
  invariant(company == Company::alone, "a log is written by one core");
  logs_ = std::make_unique<LogTable>(budget_, keys);
}

std::uint64_t Ledger::bytes_for(const Budget& budget, std::uint64_t keys) {
  return budget.algorithm == Algorithm::sliding_log ? LogTable::bytes_for(budget, keys)
                                                    : keys * LimitTable::bytes_per_key;
}

BudgetVerdict Ledger::look(std::uint64_t hash, Time now, std::uint64_t cost, std::uint64_t& before) {
  if (logs_) {
    const BudgetVerdict verdict = logs_->of(hash, now).decide(now, cost);
    before = verdict.state;
    return verdict;
  }
  const LimitTable::Found found = find(LimitTable::usable(hash), now);
  before = found.slot->state.load(std::memory_order_relaxed);
  const BudgetVerdict verdict = decide_budget(budget_, before, now, cost);
  if (!verdict.admitted && verdict.state != before) [[unlikely]]
    (void)store(*found.slot, before, verdict.state);  // the clock went back
  return verdict;
}

BudgetVerdict Ledger::spend(std::uint64_t hash, Time now, std::uint64_t cost, std::uint64_t& before) {
  if (logs_) {
    SlidingLog log = logs_->of(hash, now);
    const BudgetVerdict verdict = log.decide(now, cost);
    before = verdict.state;
    if (verdict.admitted) log.spend(now, cost);
    return verdict;
  }
  hash = LimitTable::usable(hash);
  while (true) {
    const LimitTable::Found found = find(hash, now);
    before = found.slot->state.load(std::memory_order_acquire);
    const BudgetVerdict verdict = decide_budget(budget_, before, now, cost);
    if (!verdict.admitted && verdict.state != before) [[unlikely]]
      (void)store(*found.slot, before, verdict.state);  // the clock went back
    if (!verdict.admitted) return verdict;
    if (found.owner != hash && !table_->take(found, hash)) continue;
    if (!store(*found.slot, before, verdict.state)) continue;
    if (changed_) changed_->mark(table_->number_of(*found.slot));
    // The slot may have been taken over between the two steps: then somebody else is charged, and this key again.
    if (found.slot->hash.load(std::memory_order_acquire) == hash) return verdict;
  }
}

void Ledger::settle(std::uint64_t hash, Time now, std::int64_t more, const std::optional<Charge>& charge) {
  if (logs_) {
    if (more < 0) logs_->of(hash, now).take_back(static_cast<std::uint64_t>(-more));
    return;
  }
  hash = LimitTable::usable(hash);
  while (true) {
    const LimitTable::Found found = find(hash, now);
    if (found.owner != hash) return;
    const std::uint64_t state = found.slot->state.load(std::memory_order_acquire);
    if (!store(*found.slot, state, settle_budget(budget_, state, now, more, charge))) continue;
    if (changed_) changed_->mark(table_->number_of(*found.slot));
    return;
  }
}

void Ledger::note_change(std::uint64_t hash, Time now) {
  const LimitTable::Found found = find(hash, now);
  if (found.owner == hash) changed_->mark(table_->number_of(*found.slot));
}

void Ledger::restore(std::uint64_t hash, std::uint64_t state, Time now) {
  const LimitTable::Found found = find(hash, now);
  // A full set: the newcomer is counted with the lightest there, as ever.
  if (!table_->take(found, hash)) return;
  if (weigh_budget(budget_, state, now) > weigh_budget(budget_, found.slot->state.load(), now))
    found.slot->state.store(state, std::memory_order_release);
}

bool Ledger::store(LimitTable::Slot& slot, std::uint64_t expected, std::uint64_t state) const {
  if (company_ == Company::alone) {
    slot.state.store(state, std::memory_order_relaxed);
    return true;
  }
  return slot.state.compare_exchange_strong(expected, state, std::memory_order_acq_rel);
}

}  // namespace weir
