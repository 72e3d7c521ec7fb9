// What a rule of scope fleet has when owners decide it: its accounts of the keys that this machine owns, its share of
// all others, and what owners refused lately.
//
// Idea: the ledger of the whole limit is charged for keys that this machine owns, by its own requests and by those of
// the others alike. The share's ledger is charged only where no owner has answered. What an owner refused is refused
// here until the moment it named, without asking.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "contracts/metrics.h"
#include "filters/limit/fleet/desk.h"
#include "filters/limit/ledger.h"
#include "filters/limit/remembered_refusal.h"

namespace weir::limit::fleet {

struct OwnedSettings {
  RuleTag rule = 0;
  Budget whole;
  std::uint64_t cost_most = 1;  ///< of a request
  std::uint64_t keys = 1;
  unsigned cores = 1;
  std::vector<std::string> names;  ///< of all members, sorted
  MemberNumber self = 0;
  Duration patience{};
};

class OwnedPart {
 public:
  OwnedPart(const OwnedSettings& settings, std::shared_ptr<Desk> desk);

  // ---- a core ----

  /// Whether this machine decides about a key by itself.
  [[nodiscard]] bool is_ours(Fingerprint key) const {
    return election_.first(key) == self_ && desk_->is_whole(Member::slot_of(key));
  }
  /// What the owner said when it refused so much; nothing when it would have to be asked.
  [[nodiscard]] std::optional<BudgetVerdict> refused(Fingerprint key, unsigned core, std::uint64_t cost,
                                                     Time now) const;
  void remember_refusal(Fingerprint key, unsigned core, std::uint64_t cost, Time now, const BudgetVerdict& said);
  [[nodiscard]] Question question(Fingerprint key, std::int64_t cost) const;
  [[nodiscard]] Desk& desk() { return *desk_; }
  [[nodiscard]] Duration patience() const { return patience_; }
  [[nodiscard]] Ledger& account() { return account_; }
  [[nodiscard]] Ledger& share() { return share_; }
  [[nodiscard]] const Budget& share_budget() const { return share_.budget(); }
  /// That a request was decided: by this machine as the owner, or elsewhere.
  void count_here(unsigned core) { cores_[core].here.add(); }
  void count(unsigned core, OwnedSource source) { cores_[core].decided[static_cast<std::size_t>(source)].add(); }

  // ---- the exchange's core ----

  [[nodiscard]] RuleTag rule() const { return rule_; }
  /// Somebody else's request: charges the account, or gives back.
  [[nodiscard]] Answer answer(const Question& question, Time now);

  // ---- operators ----

  struct Totals {
    std::uint64_t here = 0;
    std::array<std::uint64_t, owned_sources> decided{};
    std::uint64_t for_others = 0;
  };
  [[nodiscard]] Totals totals() const;

 private:
  /// Keys that a core remembers as refused, 48 bytes each: one that is forgotten is asked for again.
  static constexpr std::size_t refusals = 1024;
  struct Refusal {
    Fingerprint key = 0;
    RememberedRefusal said;
  };
  struct alignas(64) Core {
    Cell here;
    std::array<Cell, owned_sources> decided;
    std::vector<Refusal> refused;  // made with the first
  };

  const RuleTag rule_;
  const Election election_;
  const MemberNumber self_;
  const Duration patience_;
  const std::shared_ptr<Desk> desk_;
  Ledger account_;
  Ledger share_;
  Cell for_others_;
  std::vector<Core> cores_;
};

}  // namespace weir::limit::fleet
