// What the whole process holds, counted over all cores: the maxima that hold per machine.
//
// One atomic per connection opened or closed, none per request.
#pragma once

#include <atomic>
#include <cstdint>

#include "server/client_census.h"
#include "server/memory_watch.h"

namespace weir {

class Census {
 public:
  /// Counts one more connection unless `most` are open already.
  bool enter(std::uint64_t most) {
    if (connections_.fetch_add(1, std::memory_order_relaxed) < most) return true;
    leave();
    return false;
  }
  void leave() { connections_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t connections() const { return connections_.load(std::memory_order_relaxed); }
  [[nodiscard]] ClientCensus& clients() { return clients_; }
  [[nodiscard]] MemoryWatch& memory() { return memory_; }

 private:
  std::atomic<std::uint64_t> connections_{0};
  ClientCensus clients_;
  MemoryWatch memory_;
};

}  // namespace weir
