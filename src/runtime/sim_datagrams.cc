// Datagrams of the simulated network: each is on its way alone, may be lost, and is answered by whoever serves its
// address, or heard by who listens there.
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

Result<Handle> SimNetwork::listen_datagrams(SimIo& owner, const SocketAddress& address, bool reuse_port) {
  const SocketAddress bound = with_free_port(address);
  const bool taken = std::ranges::any_of(sockets_, [&](const auto& entry) {
    const SimSocket& other = *entry.second;
    return other.hears_all && other.local == bound && !(reuse_port && other.reuse_port);
  });
  if (taken) return fail(os_error(EADDRINUSE));
  SimSocket& listener = add(owner);
  listener.datagrams = true;
  listener.hears_all = true;
  listener.local = bound;
  listener.reuse_port = reuse_port;
  return listener.handle;
}

std::int64_t SimNetwork::receive_from(SimSocket& listener, std::span<char> room, SocketAddress& sender) {
  if (listener.heard.empty()) return -EAGAIN;
  const auto [from, datagram] = std::move(listener.heard.front());
  listener.heard.pop_front();
  sender = from;
  std::copy_n(datagram.data(), std::min(room.size(), datagram.size()), room.data());
  return static_cast<std::int64_t>(std::min(room.size(), datagram.size()));
}

std::int64_t SimNetwork::send_to(SimSocket& listener, std::string_view datagram, const SocketAddress& to) {
  const auto bytes = static_cast<std::int64_t>(datagram.size());
  if (random_.chance(faults_.vanish)) return bytes;
  at(next_arrival(listener), [this, from = listener.local, to, kept = std::string(datagram)]() mutable {
    SimSocket* client = find_datagram_client(to, from);
    if (client == nullptr) return;
    client->arrived.push_back(std::move(kept));
    client->owner->on_readable(*client);
  });
  return bytes;
}

/// On the address exactly; several share by a draw.
SimSocket* SimNetwork::pick_datagram_listener(const SocketAddress& address) {
  std::vector<SimSocket*> found;
  for (const auto& [handle, socket] : sockets_) {
    if (socket->hears_all && socket->local == address) found.push_back(socket.get());
  }
  return found.empty() ? nullptr : found[random_.below(found.size())];
}

/// What others send to a connected socket never arrives.
SimSocket* SimNetwork::find_datagram_client(const SocketAddress& local, const SocketAddress& remote) {
  for (const auto& [handle, socket] : sockets_) {
    const bool connected = socket->datagrams && !socket->hears_all;
    if (connected && socket->local == local && socket->remote == remote) return socket.get();
  }
  return nullptr;
}

// Where nobody is, the kernel learns it (ICMP) and tells with the next receive.
void SimNetwork::datagram_arrives(Handle handle, std::string_view datagram) {
  SimSocket* from = find(handle);
  if (from == nullptr) return;
  if (SimSocket* listener = pick_datagram_listener(from->remote)) {
    listener->heard.emplace_back(from->local, std::string(datagram));
    return listener->owner->on_readable(*listener);
  }
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
