// Connections of a core whose requests have come before their handshake was over (0-RTT, RFC 8470).
//
// Problem: two rooms want to know it, who decides what is served and who tells upstreams, of very few connections.
// Idea: as with senders of PROXY headers it stands beside, under the connection; what it points to says at any moment
// whether the handshake is over by now.
//
// Invariants
//   (1) A connection is here from when its first early bytes came until it is destroyed.
#pragma once

#include <memory>
#include <unordered_map>
#include <utility>

#include "contracts/exchange.h"
#include "net/tls/early_data.h"

namespace weir {

class EarlyConnections final : public ShardState {
 public:
  static EarlyConnections& of(Shard& shard) {
    static const StateKey key("early connections");
    return shard.state<EarlyConnections>(key, [] { return std::make_unique<EarlyConnections>(); });
  }

  void add(const ConnectionFacts& connection, std::shared_ptr<const tls::EarlyData> early) {
    open_.emplace(&connection, std::move(early));
  }
  void remove(const ConnectionFacts& connection) { open_.erase(&connection); }
  /// Whether what comes on it now could be sent by somebody else again.
  [[nodiscard]] bool is_early(const ConnectionFacts& connection) const {
    if (open_.empty()) return false;
    const auto found = open_.find(&connection);
    return found != open_.end() && found->second->open();
  }

 private:
  std::unordered_map<const ConnectionFacts*, std::shared_ptr<const tls::EarlyData>> open_;
};

}  // namespace weir
