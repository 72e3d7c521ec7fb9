// What senders in front have said of the connections of a core, beyond who their clients are.
//
// Problem: a few rooms want to know it (the access log, upstreams that are told in turn), of few connections; all
// others only need the client, which stands in ConnectionFacts. Idea: it stands beside, under the connection.
//
// Invariants
//   (1) A connection is here from when its header was read until it is destroyed.
#pragma once

#include <unordered_map>

#include "contracts/exchange.h"
#include "net/proxy_protocol.h"

namespace weir {

class ProxiedConnections final : public ShardState {
 public:
  static ProxiedConnections& of(Shard& shard) {
    static const StateKey key("proxied connections");
    return shard.state<ProxiedConnections>(key, [] { return std::make_unique<ProxiedConnections>(); });
  }

  /// Both outlive their stay here.
  void add(const ConnectionFacts& connection, const proxy_protocol::Facts& facts) {
    said_.emplace(&connection, &facts);
  }
  void remove(const ConnectionFacts& connection) { said_.erase(&connection); }
  /// Null: nobody spoke for the client.
  [[nodiscard]] const proxy_protocol::Facts* find(const ConnectionFacts& connection) const {
    if (said_.empty()) return nullptr;
    const auto found = said_.find(&connection);
    return found == said_.end() ? nullptr : found->second;
  }

 private:
  std::unordered_map<const ConnectionFacts*, const proxy_protocol::Facts*> said_;
};

}  // namespace weir
