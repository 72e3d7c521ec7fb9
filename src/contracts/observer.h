// Whoever is told about every exchange when it is over: logs, counters, traces.
#pragma once

#include "contracts/exchange.h"

namespace weir {

class Observer {
 public:
  virtual ~Observer() = default;
  /// On the exchange's own shard, after the last byte. Must not wait; must not throw the exchange's memory away.
  virtual void ended(const Exchange& exchange, const Delivery& delivery) = 0;
};

}  // namespace weir
