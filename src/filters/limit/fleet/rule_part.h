// What a rule of scope fleet has beside its ledger: hot keys, and what was seen of the others.
//
// Idea: every request also spends of this machine's own bucket, which holds the whole limit: whatever happens to the
// exchange, a fleet lets through N times the limit at most, and a key that nobody calls hot is counted like any other.
// The ratio of a hot key is asked first.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/heavy_keys.h"
#include "filters/limit/fleet/hot_table.h"

namespace weir::limit::fleet {

/// What a request found, for the steps that follow its decision.
struct Looked {
  bool hot = false;
  HotTable::Place place = 0;
  Mode mode = Mode::whole;
  ShareFacts facts;
  ShareVerdict verdict{.admitted = true, .credit = 0};
};

class RulePart {
 public:
  RulePart(RuleTag rule, const Allowance& allowance, unsigned cores, std::uint64_t seed)
      : rule_(rule), allowance_(allowance), table_(cores, seed), seen_(cores) {}

  // ---- a core ----

  [[nodiscard]] Looked look(Fingerprint key, unsigned core, std::uint64_t cost);
  void admit(const Looked& looked, Fingerprint key, unsigned core, std::uint64_t cost, Time now);
  void refuse(const Looked& looked, Fingerprint key, unsigned core, std::uint64_t cost, Time now);
  void take_back(const Looked& looked, unsigned core, std::uint64_t cost);

  // ---- the keeper's thread ----

  [[nodiscard]] RuleTag rule() const { return rule_; }
  [[nodiscard]] const Allowance& allowance() const { return allowance_; }
  [[nodiscard]] HotTable& table() { return table_; }
  struct SeenKey {
    Fingerprint key = 0;
    std::uint64_t seen = 0;
  };
  /// Keys that are not hot, and what all cores together have seen of each in the last second or two, at least.
  [[nodiscard]] std::vector<SeenKey> seen(Time now) const;

 private:
  struct alignas(64) Seen {
    HeavyKeys keys;
    std::atomic<Time> faded{Time{}};
  };

  void see(Fingerprint key, unsigned core, std::uint64_t cost, Time now);

  const RuleTag rule_;
  const Allowance allowance_;
  HotTable table_;
  std::vector<Seen> seen_;
};

}  // namespace weir::limit::fleet
