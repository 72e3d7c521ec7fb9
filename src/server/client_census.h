// How many connections each client holds, over all cores.
//
// Problem: one client that opens connections until none is left shuts out all others, and does so before it has sent a
// request that a rule could judge.
// Idea: whoever is accepted is counted under its address, of IPv6 under its network, and let go when it closes. Exact,
// and no larger than the connections that are open: a client without one is forgotten. Counting takes one short lock
// of one of 64 parts, once when a connection opens and once when it closes, and only where there is such a limit.
//
// Invariants
//   (1) A client never holds more than the most that was asked for when its last connection came.
//   (2) A client that holds nothing takes no memory.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "base/crypto.h"
#include "net/address.h"

namespace weir {

/// Keyed, so that nobody can choose addresses that meet.
struct ClientHash {
  crypto::HashKey key = crypto::HashKey::random();
  std::size_t operator()(const IpAddress& client) const {
    return key.hash({reinterpret_cast<const char*>(client.bytes().data()), client.bytes().size()});
  }
};

class ClientCensus {
 public:
  /// Counts one more connection of the client unless it holds `most`. From any core.
  bool enter(const IpAddress& client, std::uint64_t most);
  /// \pre it entered
  void leave(const IpAddress& client);

  [[nodiscard]] std::uint64_t held_by(const IpAddress& client);
  /// Those that hold any.
  [[nodiscard]] std::size_t clients();

 private:
  struct alignas(64) Part {
    std::mutex mutex;
    std::unordered_map<IpAddress, std::uint64_t, ClientHash> held;
  };

  // The table of a part takes the lower bits of its own hash.
  Part& part_of(const IpAddress& client) { return parts_[choose_(client) % parts_.size()]; }

  ClientHash choose_;
  std::array<Part, 64> parts_;
};

}  // namespace weir
