// What the keys of one rule have spent: a budget and the table of its keys.
//
// Idea: look() says what would be without touching anything, so that several rules can be asked before any of them is
// charged; spend() decides and charges in one step. All cores may call both at once: a charge is one compare-and-swap
// of the key's word, and whoever loses decides again on what the winner left.
//
// How exact it is when cores share it
//   - A key that has its slot: exact, whatever the cores do.
//   - In the instant in which a key gets its slot: at most one charge of each other core is lost (table.h, invariant
//   4).
//   - Cores' clocks stand still within a turn, so they differ by a turn at most: a window begins that much earlier on
//     one core than on another.
#pragma once

#include <memory>

#include "filters/limit/budget.h"
#include "filters/limit/changed_slots.h"
#include "filters/limit/log_table.h"
#include "filters/limit/table.h"

namespace weir {

/// Whether one core alone calls, or all of them: without company no locked instructions are needed.
enum class Company : std::uint8_t { alone, shared };

class Ledger {
 public:
  /// \pre complaint_about(budget) is empty; a sliding_log is alone
  Ledger(const Budget& budget, std::uint64_t keys, Company company);

  /// What spend() would say. Takes no slot, charges nothing.
  /// \param before  gets what was decided on: the key's state, or a log's deciding moment
  [[nodiscard]] BudgetVerdict look(std::uint64_t hash, Time now, std::uint64_t cost, std::uint64_t& before);
  /// Charges the cost when it is admitted.
  BudgetVerdict spend(std::uint64_t hash, Time now, std::uint64_t cost, std::uint64_t& before);
  /// A cost that was charged turned out different; a key that has gone is left alone. For logs: only takes back what
  /// was spent last. \param charge  that turned out different; nothing: it was made just now
  void settle(std::uint64_t hash, Time now, std::int64_t more, const std::optional<Charge>& charge = {});

  /// From now on it notes which keys were charged, for somebody who keeps them. \pre no log
  void note_changes() { changed_ = std::make_unique<limit::ChangedSlots>(table_->slots()); }
  void note_change(std::uint64_t hash, Time now);
  /// Visits (hash, state) of keys that were charged since it was asked last, `most` and a few more at most.
  template <typename Visit>
  void take_changes(std::size_t most, const Visit& visit) {
    changed_->take(most, [&](std::size_t number) {
      const LimitTable::Slot& slot = table_->slot(number);
      const std::uint64_t hash = slot.hash.load(std::memory_order_acquire);
      if (hash != 0) visit(hash, slot.state.load(std::memory_order_acquire));
    });
  }
  /// Gives a key the state that was kept of it. Before anybody is charged.
  void restore(std::uint64_t hash, std::uint64_t state, Time now);

  [[nodiscard]] const Budget& budget() const { return budget_; }
  [[nodiscard]] std::size_t bytes() const { return table_ ? table_->bytes() : logs_->bytes(); }
  /// Bytes that so many keys will take.
  static std::uint64_t bytes_for(const Budget& budget, std::uint64_t keys);

 private:
  [[nodiscard]] LimitTable::Found find(std::uint64_t hash, Time now) {
    return table_->find(hash, [&](std::uint64_t state) { return weigh_budget(budget_, state, now); });
  }
  bool store(LimitTable::Slot& slot, std::uint64_t expected, std::uint64_t state) const;

  const Budget budget_;
  const Company company_;
  std::unique_ptr<LimitTable> table_;  // all but logs
  std::unique_ptr<LogTable> logs_;
  std::unique_ptr<limit::ChangedSlots> changed_;  // where they are kept
};

}  // namespace weir
