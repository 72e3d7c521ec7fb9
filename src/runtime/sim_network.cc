// What the simulated kernel does: listeners, connections, bytes on the way.
#include "runtime/sim_network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>

#include "base/invariant.h"
#include "runtime/sim_io.h"

namespace weir {
namespace {

// A lost connection request is sent again after so long (RFC 6298 section 2: 1 s).
constexpr Duration connect_again_after = std::chrono::seconds{1};

sockaddr_in& v4(SocketAddress& address) {
  return reinterpret_cast<sockaddr_in&>(address.storage);
}
sockaddr_in6& v6(SocketAddress& address) {
  return reinterpret_cast<sockaddr_in6&>(address.storage);
}

// The port, in network order; null for unix sockets.
in_port_t* port_of(SocketAddress& address) {
  if (address.family() == AF_INET) return &v4(address).sin_port;
  if (address.family() == AF_INET6) return &v6(address).sin6_port;
  return nullptr;
}

bool is_any_address(SocketAddress address) {
  if (address.family() == AF_INET) return v4(address).sin_addr.s_addr == htonl(INADDR_ANY);
  return address.family() == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6(address).sin6_addr);
}

// Whether a listener bound to `bound` hears connects to `target`; [::] hears IPv4 too.
bool hears(SocketAddress bound, SocketAddress target) {
  if (bound == target) return true;
  if (!is_any_address(bound) || port_of(target) == nullptr) return false;
  const bool family_heard = bound.family() == target.family() || bound.family() == AF_INET6;
  return family_heard && *port_of(bound) == *port_of(target);
}

std::string text_of(SocketAddress address) {
  if (address.family() == AF_UNIX) return reinterpret_cast<const sockaddr_un*>(address.raw())->sun_path;
  char buffer[INET6_ADDRSTRLEN] = "-";
  if (address.family() == AF_INET) inet_ntop(AF_INET, &v4(address).sin_addr, buffer, sizeof(buffer));
  if (address.family() == AF_INET6) inet_ntop(AF_INET6, &v6(address).sin6_addr, buffer, sizeof(buffer));
  const in_port_t* port = port_of(address);
  return port == nullptr ? buffer : std::string(buffer) + ":" + std::to_string(ntohs(*port));
}

std::string gather(std::span<const iovec> pieces, std::size_t bytes) {
  std::string gathered;
  gathered.reserve(bytes);
  for (const iovec& piece : pieces) {
    const std::size_t take = std::min(piece.iov_len, bytes - gathered.size());
    gathered.append(static_cast<const char*>(piece.iov_base), take);
  }
  return gathered;
}

}  // namespace

// ---- sockets and addresses

SimSocket* SimNetwork::find(Handle handle) {
  const auto found = sockets_.find(handle);
  return found == sockets_.end() ? nullptr : found->second.get();
}

SimSocket& SimNetwork::add(SimIo& owner) {
  const auto handle = static_cast<Handle>(++last_handle_);
  auto socket = std::make_unique<SimSocket>();
  socket->handle = handle;
  socket->owner = &owner;
  socket->arrival = now_;
  return *sockets_.emplace(handle, std::move(socket)).first->second;
}

SocketAddress SimNetwork::with_free_port(SocketAddress address) {
  if (in_port_t* port = port_of(address); port != nullptr && *port == 0) {
    do {
      last_port_ = last_port_ < 32767 || last_port_ == 65535 ? 32768 : static_cast<std::uint16_t>(last_port_ + 1);
      *port = htons(last_port_);
    } while (address_taken(address, false));
  }
  return address;
}

bool SimNetwork::address_taken(const SocketAddress& address, bool reuse_port) const {
  return std::ranges::any_of(sockets_, [&](const auto& entry) {
    const SimSocket& other = *entry.second;
    return other.state == SimSocket::State::listening && other.local == address && !(reuse_port && other.reuse_port);
  });
}

Result<Handle> SimNetwork::listen(SimIo& owner, const SocketAddress& address, ListenOptions options) {
  const SocketAddress bound = with_free_port(address);
  if (address_taken(bound, options.reuse_port)) return fail(os_error(EADDRINUSE));
  SimSocket& listener = add(owner);
  listener.state = SimSocket::State::listening;
  listener.local = bound;
  listener.backlog_max = static_cast<std::size_t>(options.backlog);
  listener.reuse_port = options.reuse_port;
  return listener.handle;
}

Handle SimNetwork::open(SimIo& owner, const SocketAddress& address, SocketKind kind) {
  SimSocket& client = add(owner);
  client.datagrams = kind == SocketKind::datagram;
  client.remote = address;
  return client.handle;
}

// Listeners on the exact address come before those on all addresses; several share by a draw, as SO_REUSEPORT does.
SimSocket* SimNetwork::pick_listener(const SocketAddress& address) {
  std::vector<SimSocket*> exact;
  std::vector<SimSocket*> any;
  for (const auto& [handle, socket] : sockets_) {
    if (socket->state != SimSocket::State::listening || !hears(socket->local, address)) continue;
    (socket->local == address ? exact : any).push_back(socket.get());
  }
  const std::vector<SimSocket*>& found = exact.empty() ? any : exact;
  return found.empty() ? nullptr : found[random_.below(found.size())];
}

// ---- connecting

void SimNetwork::connect(SimSocket& client, const SocketAddress& address) {
  client.state = SimSocket::State::connecting;
  client.remote = address;
  client.local.storage.ss_family = address.storage.ss_family;
  client.local.length = address.length;
  if (address.family() == AF_INET) v4(client.local).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (address.family() == AF_INET6) v6(client.local).sin6_addr = in6addr_loopback;
  client.local = with_free_port(client.local);
  if (client.datagrams) return at(now_, [this, handle = client.handle] { connect_ends(handle, 0); });
  const SimFaults& faults = faults_for(address);
  if (random_.chance(faults.hang_connect)) return;
  const bool refuse = random_.chance(faults.refuse_connect);
  at(next_arrival(client), [this, handle = client.handle, refuse] { connect_arrives(handle, refuse); });
}

void SimNetwork::connect_arrives(Handle handle, bool refuse) {
  SimSocket* client = find(handle);
  if (client == nullptr) return;
  const Time answered = now_ + faults_of(*client).latency;
  SimSocket* listener = refuse ? nullptr : pick_listener(client->remote);
  if (listener == nullptr) {
    at(answered, [this, handle] { connect_ends(handle, -ECONNREFUSED); });
    return;
  }
  if (listener->backlog.size() >= std::max<std::size_t>(listener->backlog_max, 1)) {
    at(now_ + connect_again_after, [this, handle] { connect_arrives(handle, false); });
    return;
  }
  SimSocket& server = add(*listener->owner);
  server.state = SimSocket::State::connected;
  server.in_backlog = true;
  server.local = client->remote;
  server.remote = client->local;
  server.peer = handle;
  client->peer = server.handle;
  listener->backlog.push_back(server.handle);
  listener->owner->on_readable(*listener);
  at(answered, [this, handle] { connect_ends(handle, 0); });
  draw_fate(*client, server);
}

void SimNetwork::connect_ends(Handle handle, std::int64_t result) {
  SimSocket* client = find(handle);
  if (client == nullptr) return;
  if (result == 0) client->state = SimSocket::State::connected;
  client->connect_result = result;
  client->owner->on_writable(*client);
}

Handle SimNetwork::accept(SimSocket& listener) {
  if (listener.backlog.empty()) return Handle::none;
  const Handle accepted = listener.backlog.front();
  listener.backlog.pop_front();
  find(accepted)->in_backlog = false;
  return accepted;
}

// ---- bytes

Time SimNetwork::next_arrival(SimSocket& from) {
  const SimFaults& faults = faults_of(from);
  Duration way = faults.latency;
  if (random_.chance(faults.delay))
    way += Duration{random_.below(static_cast<std::uint64_t>(faults.delay_max.count()) + 1)};
  from.arrival = std::max(from.arrival, now_ + way);
  return from.arrival;
}

std::int64_t SimNetwork::send(SimSocket& from, std::span<const iovec> pieces) {
  if (from.reset_arrived) return std::exchange(from.reset_reported, true) ? -EPIPE : -ECONNRESET;
  if (from.sending_shut) return -EPIPE;
  if (from.state != SimSocket::State::connected) return -ENOTCONN;
  const SimFaults& faults = faults_of(from);
  std::size_t bytes = 0;
  for (const iovec& piece : pieces) bytes += piece.iov_len;
  if (from.datagrams) return send_datagram(from, gather(pieces, bytes));
  bytes = std::min(bytes, faults.pipe_bytes - std::min(from.outstanding, faults.pipe_bytes));
  if (from.stalled || bytes == 0) return 0;
  if (random_.chance(faults.partial_write)) {
    bytes = 1 + random_.below(std::min(bytes, faults.partial_bytes));
    bytes = std::min(bytes, faults.pipe_bytes - from.outstanding);
    from.stalled = true;
    const Duration pause{1 + random_.below(static_cast<std::uint64_t>(faults.delay_max.count()) + 1)};
    at(now_ + pause, [this, handle = from.handle] {
      SimSocket* socket = find(handle);
      if (socket == nullptr) return;
      socket->stalled = false;
      socket->owner->on_writable(*socket);
    });
  }
  std::string sent = gather(pieces, bytes);
  from.outstanding += bytes;
  if (from.bytes_until_fate && bytes >= *from.bytes_until_fate) {
    // The connection's fate strikes in the middle of these bytes: what lies before still arrives.
    sent.resize(*from.bytes_until_fate);
    from.bytes_until_fate.reset();
    put_on_wire(from, std::move(sent));
    from.fate_is_reset ? reset(from.handle) : vanish(from.handle);
  } else {
    if (from.bytes_until_fate) *from.bytes_until_fate -= bytes;
    put_on_wire(from, std::move(sent));
  }
  return static_cast<std::int64_t>(bytes);
}

void SimNetwork::put_on_wire(SimSocket& from, std::string bytes) {
  if (from.silent || bytes.empty()) return;
  if (bytes.size() > 1 && random_.chance(faults_of(from).split)) {
    const std::size_t first = 1 + random_.below(bytes.size() - 1);
    bytes_in_flight_ += first;
    at(next_arrival(from), [this, to = from.peer, sender = from.handle, part = bytes.substr(0, first)]() mutable {
      bytes_arrive(to, sender, std::move(part));
    });
    bytes.erase(0, first);
  }
  bytes_in_flight_ += bytes.size();
  at(next_arrival(from), [this, to = from.peer, sender = from.handle, part = std::move(bytes)]() mutable {
    bytes_arrive(to, sender, std::move(part));
  });
}

void SimNetwork::bytes_arrive(Handle to, Handle from, std::string bytes) {
  bytes_in_flight_ -= bytes.size();
  SimSocket* receiver = find(to);
  if (receiver == nullptr) {  // closed: the kernel answers bytes that nobody will read with a reset
    if (const SimSocket* sender = find(from)) {
      const Time back = std::max(now_ + faults_of(*sender).latency, sender->peer_arrival);
      at(back, [this, from] { reset_arrives(from); });
    }
    return;
  }
  if (receiver->silent || receiver->reset_arrived) return;
  receiver->inbox += bytes;
  receiver->owner->on_readable(*receiver);
}

std::optional<std::int64_t> SimNetwork::receive(SimSocket& socket, char* place, std::size_t room) {
  if (!socket.arrived.empty()) {
    const std::string datagram = std::move(socket.arrived.front());
    socket.arrived.pop_front();
    std::copy_n(datagram.data(), std::min(room, datagram.size()), place);
    return static_cast<std::int64_t>(std::min(room, datagram.size()));
  }
  if (!socket.inbox.empty()) {
    const SimFaults& faults = faults_of(socket);
    std::size_t bytes = std::min(room, socket.inbox.size());
    if (random_.chance(faults.partial_read)) bytes = 1 + random_.below(std::min(bytes, faults.partial_bytes));
    std::copy_n(socket.inbox.data(), bytes, place);
    socket.inbox.erase(0, bytes);
    if (SimSocket* sender = find(socket.peer)) {
      sender->outstanding -= std::min(bytes, sender->outstanding);
      sender->owner->on_writable(*sender);
    }
    return static_cast<std::int64_t>(bytes);
  }
  if (socket.reset_arrived) return std::exchange(socket.reset_reported, true) ? 0 : -ECONNRESET;
  if (socket.end_arrived) return 0;
  return {};
}

// ---- ends

void SimNetwork::shut_down_sending(SimSocket& from) {
  if (from.state != SimSocket::State::connected || from.sending_shut) return;
  from.sending_shut = true;
  from.owner->on_writable(from);  // a parked writer ends with EPIPE
  if (from.silent || from.reset_arrived) return;
  at(next_arrival(from), [this, to = from.peer] { end_arrives(to); });
}

void SimNetwork::end_arrives(Handle to) {
  SimSocket* receiver = find(to);
  if (receiver == nullptr || receiver->silent || receiver->reset_arrived) return;
  receiver->end_arrived = true;
  receiver->owner->on_readable(*receiver);
}

void SimNetwork::send_reset(SimSocket& from) {
  if (from.silent || from.reset_arrived || from.peer == Handle::none) return;
  at(next_arrival(from), [this, to = from.peer] { reset_arrives(to); });
}

void SimNetwork::reset_arrives(Handle to) {
  SimSocket* receiver = find(to);
  if (receiver == nullptr || receiver->silent || receiver->reset_arrived) return;
  receiver->reset_arrived = true;
  receiver->owner->on_readable(*receiver);
  receiver->owner->on_writable(*receiver);
}

void SimNetwork::close(SimSocket& socket, bool abort) {
  for (const Handle waiting : std::exchange(socket.backlog, {})) {
    if (SimSocket* unaccepted = find(waiting)) close(*unaccepted, true);
  }
  if (socket.peer != Handle::none) {
    if (abort || !socket.inbox.empty() || socket.state == SimSocket::State::connecting) {
      send_reset(socket);
    } else {
      shut_down_sending(socket);
    }
    if (SimSocket* peer = find(socket.peer)) peer->peer_arrival = socket.arrival;
  }
  sockets_.erase(socket.handle);
}

// ---- faults

SimFaults& SimNetwork::faults_at(const SocketAddress& address) {
  for (auto& [at_address, faults] : faults_at_) {
    if (at_address == address) return faults;
  }
  return faults_at_.emplace_back(address, faults_).second;
}

SimFaults& SimNetwork::faults_for(const SocketAddress& address) {
  for (auto& [at_address, faults] : faults_at_) {
    if (at_address == address) return faults;
  }
  return faults_;
}

// Both ends of a connection know the listener's address: the client as remote, the server as local.
const SimFaults& SimNetwork::faults_of(const SimSocket& socket) const {
  for (const auto& [at_address, faults] : faults_at_) {
    if (at_address == socket.remote || at_address == socket.local) return faults;
  }
  return faults_;
}

void SimNetwork::draw_fate(SimSocket& client, SimSocket& server) {
  const SimFaults& faults = faults_of(client);
  const bool is_reset = random_.chance(faults.reset);
  if (!is_reset && !random_.chance(faults.vanish)) return;
  if (random_.chance(0.5)) {
    SimSocket& end = random_.chance(0.5) ? client : server;
    end.bytes_until_fate = random_.below(std::max<ByteCount>(faults.fate_bytes, 1));
    end.fate_is_reset = is_reset;
    return;
  }
  const Duration after{random_.below(static_cast<std::uint64_t>(faults.fate_within.count()) + 1)};
  at(now_ + after, [this, handle = client.handle, other = server.handle, is_reset] {
    const Handle end = find(handle) != nullptr ? handle : other;
    is_reset ? reset(end) : vanish(end);
  });
}

void SimNetwork::reset(Handle end) {
  SimSocket* socket = find(end);
  if (socket == nullptr) return;
  send_reset(*socket);
  reset_arrives(end);
}

void SimNetwork::vanish(Handle end) {
  SimSocket* socket = find(end);
  if (socket == nullptr) return;
  socket->silent = true;
  if (SimSocket* peer = find(socket->peer)) peer->silent = true;
}

// ---- time and what is visible

// Virtual time begins at one hour: code that subtracts a timeout from now() stays positive.
SimNetwork::SimNetwork(std::uint64_t seed) : random_(seed), now_(std::chrono::hours{1}) {}

void SimNetwork::at(Time when, Action action) {
  events_.emplace(std::pair{std::max(when, now_), ++sequence_}, std::move(action));
}

Time SimNetwork::next_event() const {
  return events_.empty() ? never : events_.begin()->first.first;
}

void SimNetwork::advance_to(Time moment) {
  invariant(moment >= now_, "virtual time moves forward");
  now_ = moment;
}

void SimNetwork::run_due() {
  while (!events_.empty() && events_.begin()->first.first <= now_) {
    auto due = events_.extract(events_.begin());
    due.mapped()();
  }
}

void SimNetwork::note(std::uint64_t fact) {
  trace_ = (trace_ ^ fact) * 0x9E3779B97F4A7C15U;  // SplitMix64's odd constant
  trace_ ^= trace_ >> 29;
}

std::size_t SimNetwork::open_handles() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(sockets_, [](const auto& entry) { return !entry.second->in_backlog; }));
}

std::string SimNetwork::describe_open() const {
  std::string lines;
  for (const auto& [handle, socket] : sockets_) {
    if (socket->in_backlog) continue;
    lines += std::to_string(static_cast<int>(handle)) + " " + text_of(socket->local) + " -> " +
             text_of(socket->remote) + "\n";
  }
  return lines;
}

}  // namespace weir
