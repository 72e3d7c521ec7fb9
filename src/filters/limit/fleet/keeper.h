// Brings one rule's hot keys from the cores to the member, and ratios back.
//
// Idea: once each interval, on one thread. Cores count keys that are not hot in a sketch (base/heavy_keys.h); whoever
// comes near its part of the burst there gets a place in the table, and from then on counts exactly.
//
// When is a key hot? As long as each member has seen less than burst / members of it in the last second or two, all of
// them together have seen less than the burst: nothing has to be said about it, and nothing is lost by not saying it.
// What a key spent before it became hot is therefore at most one burst, once.
//
// Where there is no place left the lightest key gives up its own to a heavier one, so that a flood of light keys keeps
// nobody out. What it has counted since the last interval is lost with it.
#pragma once

#include <array>
#include <vector>

#include "filters/limit/fleet/hot_table.h"
#include "filters/limit/fleet/member.h"

namespace weir::limit::fleet {

/// From how much on a key is hot here.
double hot_from(const Allowance& allowance, std::size_t members);

class Keeper {
 public:
  /// \param table  outlives it
  Keeper(HotTable& table, RuleTag rule, const Allowance& allowance, std::size_t members)
      : table_(table), rule_(rule), allowance_(allowance), hot_from_(hot_from(allowance, members)) {}

  /// A key that is in the cores' sketches, and what was seen of it in the last second or two, at least.
  void consider(Fingerprint key, std::uint64_t seen);
  /// Hands over what cores have counted since the last time.
  void gather(Member& member, Time now);
  /// What holds from now on, also for keys that only others have seen.
  void publish(const Share& share);
  /// Behind the last publish(): places of keys that the member has forgotten are free again.
  void sweep();

  [[nodiscard]] RuleTag rule() const { return rule_; }
  [[nodiscard]] std::size_t hot_keys() const { return used_.size(); }

 private:
  struct Kept {
    HotTable::Totals handed_over;
    double weight = 0;  // what was seen of it here in the last second or two
    bool used = false;
    bool published = false;
  };
  using Place = HotTable::Place;

  std::optional<Place> place_of(Fingerprint key, double weight);
  [[nodiscard]] Place lightest_beside(Fingerprint key) const;
  void fade(Time now);

  HotTable& table_;
  const RuleTag rule_;
  const Allowance allowance_;
  const double hot_from_;
  std::array<Kept, HotTable::places> kept_{};
  std::vector<Place> used_;
  Time faded_{};
};

}  // namespace weir::limit::fleet
