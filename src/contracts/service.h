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

  /// Whether it passes the request on to an upstream: what must not be carried out twice must not come here as well.
  [[nodiscard]] virtual bool forwards() const { return false; }
};

}  // namespace weir
