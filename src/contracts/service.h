// A service answers: it ends the chain of filters.
#pragma once

#include "contracts/exchange.h"
#include "contracts/rehearsal.h"

namespace weir {

class Service {
 public:
  virtual ~Service() = default;

  virtual Reply handle(Exchange& exchange) const = 0;

  /// What would answer an imagined request: which upstream, which status.
  virtual Effect rehearse(ImaginedRequest& imagined) const = 0;
};

}  // namespace weir
