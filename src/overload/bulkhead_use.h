// A bulkhead as requests meet it: in front of a route, or of an upstream. The places are machine-wide, under a name,
// and outlive reloads; routes whose bulkheads have the same name share one.
#pragma once

#include "overload/bulkhead.h"

namespace weir {

/// One use of a bulkhead, with the rule that its configuration says. Immutable.
class BulkheadUse {
 public:
  BulkheadUse(std::shared_ptr<Bulkhead> bulkhead, const BulkheadRule& rule, Place place);

  /// Waits for a place if need be, and leaves records of it.
  /// \errors  too_many_in_flight: there was no place, and none in time; canceled
  Task<Result<Bulkhead::Permit*>> enter(Exchange& exchange) const;

  [[nodiscard]] const BulkheadRule& rule() const { return rule_; }
  [[nodiscard]] const Bulkhead& bulkhead() const { return *bulkhead_; }

 private:
  void record(Exchange& exchange, const WaitingFacts& facts) const;

  std::shared_ptr<Bulkhead> bulkhead_;
  BulkheadRule rule_;
  Place place_;
  std::uint64_t generation_;
};

}  // namespace weir
