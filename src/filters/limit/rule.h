// One rule at work: whose key, what cost, which budget, and what it has counted.
//
// Idea: the rule is immutable and belongs to a configuration; what it has counted is a RuleState that outlives it,
// found again by name and meaning (contracts/shared_states.h). Deciding is three steps that the filter calls in order
// for all its rules: look() at what would be, charge() when all agree, take_back() when a rule that stood behind was
// faster.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "base/heavy_keys.h"
#include "base/heavy_window.h"
#include "contracts/exchange.h"
#include "contracts/kept_state.h"
#include "contracts/metrics.h"
#include "contracts/shared_states.h"
#include "filters/limit/fleet/owned_part.h"
#include "filters/limit/fleet/rule_part.h"
#include "filters/limit/in_flight.h"
#include "filters/limit/ledger.h"
#include "filters/limit/options.h"
#include "filters/limit/quota_book.h"
#include "filters/limit/redis/decision.h"
#include "filters/limit/redis/hot_keys.h"
#include "filters/limit/table_count.h"

namespace weir {
class BuildContext;
struct FleetSettings;
}  // namespace weir

namespace weir::limit {

/// What a rule has counted, for all routes and configurations that have it.
class RuleState final : public KeptState {
 public:
  /// What one core writes and anybody reads.
  struct alignas(64) Core {
    Cell admitted;
    Cell refused;
    Cell delayed;
    Cell would_refuse;                    // dry run
    HeavyKeys heavy;                      // of those refused, or would be
    LazyHeavyWindow refused_lately;       // the same of the last seconds
    LazyHeavyWindow spent_lately;         // by those admitted, in the last seconds
    std::unique_ptr<Ledger> ledger;       // local rules; made by the core itself
    std::unique_ptr<HeavyKeys> spenders;  // quotas: of those admitted
    std::unique_ptr<HotKeys> hot;         // rules of Redis; made by the core itself
  };

  /// Tables that a rule takes: one, or one for each core.
  static std::size_t tables_of(const RuleOptions& rule, unsigned cores) {
    if (is_owned(rule)) return 2;
    return rule.scope == Scope::local ? cores : 1;
  }

  /// \param identity  what tells it from all others, in every life of the process
  /// \param fleet     for rules of that scope, whose identity is the same on all its machines; null for all others
  /// \param desk     where other machines are asked from; null for rules that no owner decides
  RuleState(const RuleOptions& rule, unsigned cores, std::string_view identity, TableCount::Drawn tables = {},
            const FleetSettings* fleet = nullptr, std::shared_ptr<fleet::Desk> desk = nullptr);

  [[nodiscard]] Core& core(unsigned number) { return cores_[number < cores_.size() ? number : 0]; }
  [[nodiscard]] const std::vector<Core>& cores() const { return cores_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// `100/s`, `20 in flight`, `10000/month`, `1MiB/s`.
  [[nodiscard]] const std::string& allowance() const { return allowance_; }
  [[nodiscard]] Ledger& ledger(unsigned core);
  [[nodiscard]] InFlight& in_flight() { return *in_flight_; }
  [[nodiscard]] PaceTable& pace() { return *pace_; }
  [[nodiscard]] const crypto::HashKey& hash_key() const { return hash_key_; }
  /// Of a quota; null for others.
  [[nodiscard]] const QuotaBook* book() const { return book_.get(); }
  /// The present period of a quota; nothing for others.
  [[nodiscard]] std::optional<Period> period(WallTime now) const;
  /// What a key of a quota may still spend in it.
  [[nodiscard]] std::uint64_t left_of(std::uint64_t hash, WallTime now);

  [[nodiscard]] std::string_view kept_under() const override { return book_ ? book_->under() : std::string_view(); }
  void restore(const std::vector<StoreEntry>& entries, WallTime now) override { book_->restore(entries, now); }
  std::vector<StoreWrite> take_changes(std::size_t most) override { return book_->take_changes(most); }
  void not_written(const std::vector<StoreWrite>& writes, WallTime now) override { book_->not_written(writes, now); }
  [[nodiscard]] bool is_over(const StoreEntry& entry, WallTime now) const override {
    return book_->is_over(entry, now);
  }
  /// Of a rule of scope fleet that a ratio holds; null for all others.
  [[nodiscard]] const std::shared_ptr<fleet::RulePart>& fleet_part() const { return fleet_; }
  /// Of a rule of scope fleet that owners decide about; null for all others.
  [[nodiscard]] const std::shared_ptr<fleet::OwnedPart>& owned_part() const { return owned_; }
  /// `shared`, `local`, `fleet`.
  [[nodiscard]] std::string_view scope() const { return scope_; }

 private:
  const std::string name_;
  const std::string allowance_;
  const std::shared_ptr<const Calendar> calendar_;  // of the budget
  const Budget budget_;                             // of a core, for local rules
  const std::uint64_t keys_;
  const std::string_view scope_;
  const crypto::HashKey hash_key_;
  std::shared_ptr<fleet::RulePart> fleet_;
  std::shared_ptr<fleet::OwnedPart> owned_;
  std::unique_ptr<Ledger> shared_;
  std::unique_ptr<QuotaBook> book_;
  std::unique_ptr<InFlight> in_flight_;
  std::unique_ptr<PaceTable> pace_;
  std::vector<Core> cores_;
  TableCount::Drawn tables_;
};

/// What a decision was made from: enough to make it again.
struct LimitFacts {
  Time now{};
  std::uint64_t cost = 0;
  std::uint64_t state = 0;  ///< of the key before; a log's deciding moment; how many were in flight
  double ratio = 1;         ///< of a fleet's hot key
  double credit = 0;        ///< of a fleet's hot key on this core, before
};

struct RedisJudged;  // redis/rules.h
struct OwnedJudged;  // owned_rules.h

/// One request before one rule.
struct Judged {
  std::uint64_t hash = 0;
  std::uint64_t cost = 1;
  BudgetVerdict verdict;
  LimitFacts facts;
  InFlight::Place place;         ///< in flight
  fleet::Looked fleet;           ///< rules of that scope
  RedisJudged* redis = nullptr;  ///< once Redis was asked, or ought to have been
  OwnedJudged* owned = nullptr;  ///< where another machine owns the key
};

class Rule {
 public:
  /// \returns  null after errors, which then are in the context
  static std::unique_ptr<const Rule> build(const RuleOptions& options, const Reading& reading, BuildContext& context);

  [[nodiscard]] Judged look(const Exchange& exchange, Arena& arena) const;
  /// Decides again, on what is there now, and charges. Judged for the same request before.
  void charge(Judged& judged, const Shard& shard) const;
  void take_back(const Judged& judged, const Shard& shard) const;
  /// This rule, or a dry run of it, has refused: a fleet counts that, too.
  void refused(const Judged& judged, const Shard& shard) const;
  /// The answer says what it did cost. \returns  how much more that is, or less
  std::int64_t settle(const Judged& judged, const Fields& answer, Shard& shard) const;

  /// The same verdict from the facts of a record.
  [[nodiscard]] fleet::OwnedVerdict decide_again(const fleet::OwnedFacts& facts) const;
  [[nodiscard]] bool decide_again(const LimitFacts& facts) const;
  [[nodiscard]] RedisVerdict decide_again(const RedisFacts& facts) const { return decide_redis(budget_here(), facts); }

  /// The values that count together, with their lengths: the same bytes on every gateway.
  [[nodiscard]] std::string_view values_of(const SelectorFacts& facts, Arena& arena) const;
  /// Notes who spent, or was refused, so that operators can see who it is.
  void see(Exchange& exchange, const Judged& judged) const;
  /// Who it was, for people; what may be a secret is only hinted at.
  [[nodiscard]] std::string key_text(const SelectorFacts& facts, Arena& arena) const;
  [[nodiscard]] std::uint64_t cost_of(const RequestHead& request) const;

  [[nodiscard]] const RuleOptions& options() const { return options_; }
  [[nodiscard]] const std::string& name() const { return state_->name(); }
  /// Its key, hashed as the rule hashes.
  [[nodiscard]] std::uint64_t hash_of(const Exchange& exchange, Arena& arena) const;
  /// The clock that the rule goes by: quotas by the one on the wall.
  [[nodiscard]] Time now(Shard& shard) const;

  /// What a key may have at most: of a window, of a burst, in flight.
  [[nodiscard]] std::uint64_t whole() const;
  /// What a rule of Redis counts by where Redis does not.
  [[nodiscard]] Budget budget_here() const { return local_budget(budget_of(options_, 1)); }
  [[nodiscard]] bool counts_in_flight() const { return options_.in_flight.has_value(); }
  /// Whether it slows content down and refuses nobody.
  [[nodiscard]] bool paces() const { return options_.bandwidth.has_value(); }
  [[nodiscard]] bool settles() const { return !options_.cost.response_header.empty(); }
  [[nodiscard]] RuleState& state() const { return *state_; }
  [[nodiscard]] const std::shared_ptr<RuleState>& shared_state() const { return state_; }

 private:
  Rule(RuleOptions options, std::shared_ptr<RuleState> state)
      : options_(std::move(options)), state_(std::move(state)) {}

  [[nodiscard]] std::uint64_t hash_of(const SelectorFacts& facts, Arena& arena) const;
  /// The same for what outlives the process.
  [[nodiscard]] std::uint64_t lasting_hash_of(const SelectorFacts& facts, Arena& arena) const;

  RuleOptions options_;
  std::shared_ptr<RuleState> state_;
};

/// A number that a field says, from 1 to `maximum`; `otherwise` when it says none.
std::uint64_t read_cost(std::string_view value, std::uint64_t maximum, std::uint64_t otherwise);

}  // namespace weir::limit
