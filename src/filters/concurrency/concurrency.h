// Bounds how many requests of a route, or of several, are answered at once. What it decides is in
// overload/waiting_rule.h and overload/tuner.h; an upstream may have one of its own, for all routes together
// (`upstreams.NAME.concurrency`). How many one *client* may have at once is the limit filter's (`limit: { in_flight:
// }`), which makes nobody wait.
#pragma once

#include "contracts/plugin.h"
#include "overload/bulkhead_use.h"

namespace weir {

class Concurrency final : public Filter {
 public:
  explicit Concurrency(BulkheadUse bulkhead) : bulkhead_(std::move(bulkhead)) {}

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  BulkheadUse bulkhead_;
};

const FilterKind& concurrency_filter();

}  // namespace weir
