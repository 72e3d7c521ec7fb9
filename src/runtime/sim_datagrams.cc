// Datagrams of the simulated network: each is on its way alone, may be lost, and is answered by whoever serves its
// address.
#include <algorithm>

#include "runtime/sim_io.h"
#include "runtime/sim_network.h"

namespace weir {

void SimNetwork::serve_datagrams(const SocketAddress& address, DatagramPeer peer) {
  std::erase_if(datagram_peers_, [&](const auto& entry) { return entry.first == address; });
  if (peer) datagram_peers_.emplace_back(address, std::move(peer));
}

std::int64_t SimNetwork::send_datagram(SimSocket& from, std::string datagram) {
  const auto bytes = static_cast<std::int64_t>(datagram.size());
  if (random_.chance(faults_of(from).vanish)) return bytes;
  at(next_arrival(from),
     [this, handle = from.handle, datagram = std::move(datagram)] { datagram_arrives(handle, datagram); });
  return bytes;
}

// Where nobody is, the kernel learns it (ICMP) and tells with the next receive.
void SimNetwork::datagram_arrives(Handle handle, std::string_view datagram) {
  SimSocket* from = find(handle);
  if (from == nullptr) return;
  const auto peer = std::ranges::find(datagram_peers_, from->remote, &std::pair<SocketAddress, DatagramPeer>::first);
  if (peer == datagram_peers_.end()) return reset_arrives(handle);
  for (std::string& answer : peer->second(datagram)) {
    at(next_arrival(*from), [this, handle, answer = std::move(answer)]() mutable {
      SimSocket* asker = find(handle);
      if (asker == nullptr) return;
      asker->arrived.push_back(std::move(answer));
      asker->owner->on_readable(*asker);
    });
  }
}

}  // namespace weir
