// Accepting, admitting, draining: the server's side of shard_server.h.
#include "server/shard_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/fault.h"
#include "server/raw_streams.h"
#include "server/udp_listener.h"

namespace weir {
namespace {

// While no descriptor is left, asking again at once would only burn the core.
constexpr Duration descriptor_pause = std::chrono::milliseconds{50};
// A client at its maximum may knock a thousand times a second; the log hears of all of them together.
constexpr Duration refusal_notice_pause = std::chrono::seconds{10};

}  // namespace

/// A listener that accepts. It keeps one spare descriptor, so that when all others are used up it can still take a
/// connection, say why it is refused, and close it, instead of leaving the client to time out.
struct ShardServer::Acceptor {
  Acceptor(Reactor& reactor, Handle handle, OpenListener opened) : listener(reactor, handle), open(std::move(opened)) {}

  Listener listener;
  OpenListener open;
  Handle reserve = Handle::none;
  bool stopping = false;
};

std::string refusal_text(Code reason) {
  const std::string_view status =
      reason == Code::too_many_from_client ? "429 Too Many Requests" : "503 Service Unavailable";
  return fmt::format(
      "HTTP/1.1 {}\r\ncontent-type: text/plain\r\nretry-after: 1\r\nconnection: close\r\n"
      "content-length: {}\r\n\r\n{}\n",
      status, sentence_of(reason).size() + 1, sentence_of(reason));
}

ShardServer::ShardServer(Shard& shard, Parts parts) : shard_(shard), parts_(parts), scope_(shard.reactor) {}
ShardServer::~ShardServer() {
  invariant(connection_count_ == 0, "a server is destroyed when its connections are gone");
}

void ShardServer::configure(std::shared_ptr<const Gateway> gateway, ShardSnapshot::Release release) {
  if (fault(Fault::reload_forgotten) && current_) return;
  if (fault(Fault::body_cut_on_reload)) {
    connections_.for_each([](Connection& each) { each.abort(gateway_error(Code::canceled)); });
  }
  // Owned by its pins: it deletes itself with the last.
  auto* shared = new ShardSnapshot(std::move(gateway), std::move(release));
  current_ = SnapshotPin(*shared);
}

const ServerProtocol& ShardServer::protocol_for(const ListenerPlan& plan) const {
  if (plan.raw) return *parts_.raw_streams;
  return parts_.protocol;
}

// One that still drains there would go on to get datagrams of new clients, for whom it begins nothing: it is the one
// that goes on.
Result<SocketAddress> ShardServer::open_datagrams(const ListenerPlan& plan, const SocketAddress& address) {
  for (const auto& listener : udp_listeners_) {
    const OpenListener& open = listener->opened();
    if (!listener->draining() || !open.plan.same_socket(plan)) continue;
    if (port_of(address) != 0 && open.bound != address) continue;
    listener->resume(plan);
    return open.bound;
  }
  TRY(std::unique_ptr<UdpListener> listener, UdpListener::open(*this, plan, address));
  UdpListener& opened = *udp_listeners_.emplace_back(std::move(listener));
  const SocketAddress bound = opened.opened().bound;
  scope_.spawn(serve_datagrams(opened));
  return bound;
}

Task<void> ShardServer::serve_datagrams(UdpListener& listener) {
  co_await listener.run();
  udp_listeners_.remove_if([&](const auto& each) { return each.get() == &listener; });
  tell_when_drained();
}

Result<SocketAddress> ShardServer::open_at(const ListenerPlan& plan, const SocketAddress& address) {
  if (plan.takes_datagrams()) return open_datagrams(plan, address);
  const bool shared = address.family() != AF_UNIX && plan.use == ListenerUse::traffic;
  TRY(const Handle handle,
      Listener::open(shard_.reactor, address, {.reuse_port = shared, .owner_only = plan.use == ListenerUse::admin}));
  const SocketAddress bound = shard_.reactor.io().local_address(handle);
  Acceptor& acceptor =
      *acceptors_.emplace_back(std::make_unique<Acceptor>(shard_.reactor, handle, OpenListener{plan, bound}));
  make_reserve(acceptor);
  scope_.spawn(accept_loop(acceptor));
  return bound;
}

void ShardServer::make_reserve(Acceptor& acceptor) {
  if (acceptor.reserve != Handle::none) return;
  if (const auto spare = shard_.reactor.io().open(acceptor.open.plan.address)) acceptor.reserve = *spare;
}

Task<void> ShardServer::accept_loop(Acceptor& acceptor) {
  unsigned at_once = 0;
  while (!acceptor.stopping) {
    const Result<Handle> accepted = co_await acceptor.listener.accept();
    if (accepted) {
      admit(acceptor, *accepted);
      if (++at_once % limits::accepts_per_wake == 0) co_await Yield(shard_.reactor);
    } else if (accepted.error().code == Code::out_of_descriptors) {
      if (acceptor.reserve != Handle::none) {
        shard_.reactor.io().close(std::exchange(acceptor.reserve, Handle::none), false);
        // The kernel says so before it looks whether anybody waits: the next may come when there are enough again.
        if (const Result<Handle> next = co_await acceptor.listener.accept()) admit_or_refuse(acceptor, *next);
        make_reserve(acceptor);
      } else {
        co_await Sleep(shard_.reactor, descriptor_pause);
        make_reserve(acceptor);
      }
    }
  }
  // Whoever connected before the end was asked for is served: the queue is emptied first.
  for (unsigned left = limits::accepts_at_end; left > 0 && acceptor.listener.waiting() && !aborted_; --left) {
    const Result<Handle> accepted = co_await acceptor.listener.accept();
    if (!accepted) break;
    admit(acceptor, *accepted);
  }
  if (acceptor.reserve != Handle::none) shard_.reactor.io().close(acceptor.reserve, false);
  acceptors_.remove_if([&](const std::unique_ptr<Acceptor>& each) { return each.get() == &acceptor; });
  tell_when_drained();
}

void ShardServer::admit(Acceptor& acceptor, Handle handle) {
  if (aborted_) return refuse(acceptor, handle, Code::draining);  // nobody would come to end it
  if (draining_ && fault(Fault::accept_after_drain)) return;
  const bool traffic = acceptor.open.plan.use == ListenerUse::traffic;
  if (traffic && parts_.census.memory().exceeds(current_->limits.memory_bytes, shard_.reactor.now())) {
    shard_.metrics.connections_refused.add();
    return refuse(acceptor, handle, Code::out_of_memory);
  }
  const std::uint64_t most = traffic ? current_->limits.connections : UINT64_MAX;
  if (!parts_.census.enter(most)) {
    shard_.metrics.connections_refused.add();
    return refuse(acceptor, handle, Code::too_many_connections);
  }
  const std::optional<IpAddress> client = traffic ? counted_client(acceptor, handle) : std::nullopt;
  if (client && !parts_.census.clients().enter(*client, current_->limits.connections_per_client)) {
    parts_.census.leave();
    refuse(acceptor, handle, Code::too_many_from_client);
    return client_refused(*client);
  }
  auto connection = std::make_unique<Connection>(*this, acceptor.open, handle, client);
  connections_.push_back(*connection);
  ++connection_count_;
  if (traffic) ++traffic_count_;
  if (draining_ && traffic) connection->drain();
  scope_.spawn(serve(std::move(connection), traffic));
}

/// Whom a connection counts for; nobody where there is no such limit, and for those who speak for many.
std::optional<IpAddress> ShardServer::counted_client(const Acceptor& acceptor, Handle handle) {
  if (current_->limits.connections_per_client == unbounded) return {};
  if (acceptor.open.plan.address.family() == AF_UNIX) return {};
  const IpAddress peer = IpAddress::of(shard_.reactor.io().remote_address(handle));
  if (contains(acceptor.open.plan.proxy_senders.blocks, peer)) return {};  // its header will say who it is
  return counted_as(peer);
}

std::optional<IpAddress> ShardServer::counted_as(const IpAddress& client) const {
  if (contains(current_->trusted_proxies, client)) return {};
  return counted_part(client, current_->limits.client_ipv6_prefix);
}

bool ShardServer::count_named_client(const IpAddress& client, std::optional<IpAddress>& counted) {
  if (current_->limits.connections_per_client == unbounded) return true;
  const std::optional<IpAddress> as = counted_as(client);
  if (!as) return true;
  if (!parts_.census.clients().enter(*as, current_->limits.connections_per_client)) {
    client_refused(*as);
    return false;
  }
  counted = as;
  return true;
}

void ShardServer::client_refused(const IpAddress& client) {
  shard_.metrics.connections_refused.add();
  shard_.metrics.connections_refused_per_client.add();
  ++refused_clients_;
  const Time now = shard_.reactor.now();
  if (shard_.notices == nullptr || now < tell_of_clients_at_) return;
  tell_of_clients_at_ = now + refusal_notice_pause;
  shard_.notices->warning(
      fmt::format("refused {} connection{} of clients that hold {}, as many as limits.connections_per_client allows; "
                  "the last was {}",
                  refused_clients_, refused_clients_ == 1 ? "" : "s", current_->limits.connections_per_client,
                  counted_part_text(client, current_->limits.client_ipv6_prefix)));
  refused_clients_ = 0;
}

void ShardServer::tell_of_header(const IpAddress& sender, const HeardHeader& heard) {
  parts_.census.proxy_headers().refused(heard.why);
  if (heard.silent) return;
  ++refused_headers_;
  const Time now = shard_.reactor.now();
  if (shard_.notices == nullptr || now < tell_of_headers_at_) return;
  tell_of_headers_at_ = now + refusal_notice_pause;
  shard_.notices->warning(fmt::format(
      "closed {} connection{} that had to begin with a PROXY header; of the last, from "
      "{}: {}",
      refused_headers_, refused_headers_ == 1 ? "" : "s", sender.text(), proxy_protocol::sentence_of(heard.why)));
  refused_headers_ = 0;
}

// What was accepted on the reserve may stay when the reserve can be had again beside it.
void ShardServer::admit_or_refuse(Acceptor& acceptor, Handle handle) {
  make_reserve(acceptor);
  if (acceptor.reserve != Handle::none) return admit(acceptor, handle);
  shard_.metrics.connections_refused.add();
  refuse(acceptor, handle, Code::out_of_descriptors);
}

// Without a session: the whole answer fits into one packet, and whoever reads it knows why. A client that speaks TLS
// could not read it: it only sees the end, before a handshake has cost anything; likewise who speaks no HTTP at all.
void ShardServer::refuse(const Acceptor& acceptor, Handle handle, Code reason) {
  Io& io = shard_.reactor.io();
  if (acceptor.open.plan.raw || certificates_of(acceptor.open.plan) != nullptr) return io.close(handle, false);
  const std::string answer = refusal_text(reason);
  const iovec piece{.iov_base = const_cast<char*>(answer.data()), .iov_len = answer.size()};
  static_cast<void>(io.try_send(handle, {&piece, 1}));
  io.shut_down_sending(handle);
  io.close(handle, false);
}

Task<void> ShardServer::serve(std::unique_ptr<Connection> connection, bool counts_as_traffic) {
  co_await connection->run();
  connection.reset();
  --connection_count_;
  if (counts_as_traffic) --traffic_count_;
  tell_when_drained();
}

// Listeners are gone too by then: each empties its queue first.
void ShardServer::tell_when_drained() {
  const bool listening = !udp_listeners_.empty() || std::ranges::any_of(acceptors_, [](const auto& acceptor) {
    return acceptor->open.plan.use == ListenerUse::traffic;
  });
  if (draining_ && drained_ && traffic_count_ == 0 && !listening) std::exchange(drained_, nullptr)();
}

// Once only: an accept that was cancelled is on its way to its loop, and taking it off that way would lose it.
void ShardServer::stop(Acceptor& acceptor) {
  if (std::exchange(acceptor.stopping, true)) return;
  Listener::Accept& accept = acceptor.listener.accept();
  if (!accept.parked) return;
  accept.unlink();
  accept.cancel(gateway_error(Code::draining));
}

void ShardServer::close(const ListenerPlan& plan) {
  for (const auto& acceptor : acceptors_) {
    if (acceptor->open.plan.same_socket(plan)) stop(*acceptor);
  }
  for (const auto& listener : udp_listeners_) {
    if (listener->opened().plan.same_socket(plan)) listener->drain();
  }
}

bool ShardServer::still_drains(const ListenerPlan& plan) const {
  return std::ranges::any_of(udp_listeners_, [&](const auto& listener) {
    return listener->draining() && port_of(listener->opened().bound) == port_of(plan.address);
  });
}

bool ShardServer::busy() const {
  bool any = std::ranges::any_of(udp_listeners_, [](const auto& listener) { return listener->busy(); });
  connections_.for_each([&](const Connection& each) { any = any || each.busy(); });
  return any;
}

std::vector<Handle> ShardServer::sockets_of(const ListenerPlan& plan) const {
  std::vector<Handle> sockets;
  for (const auto& acceptor : acceptors_) {
    if (acceptor->open.plan.same_socket(plan)) sockets.push_back(acceptor->listener.handle());
  }
  return sockets;
}

void ShardServer::rename(const ListenerPlan& plan) {
  for (const auto& acceptor : acceptors_) {
    if (!acceptor->stopping && acceptor->open.plan.same_socket(plan)) acceptor->open.plan = plan;
  }
  for (const auto& listener : udp_listeners_) {
    if (!listener->draining() && listener->opened().plan.same_socket(plan)) listener->rename(plan);
  }
}

void ShardServer::drain(std::function<void()> drained) {
  draining_ = true;
  drained_ = std::move(drained);
  for (const auto& acceptor : acceptors_) {
    if (acceptor->open.plan.use == ListenerUse::traffic) stop(*acceptor);
  }
  for (const auto& listener : udp_listeners_) listener->drain();
  connections_.for_each([](Connection& connection) {
    if (!connection.facts().administrative && !connection.facts().read_only) connection.drain();
  });
  tell_when_drained();
}

void ShardServer::abort() {
  draining_ = true;
  aborted_ = true;
  for (const auto& acceptor : acceptors_) stop(*acceptor);
  for (const auto& listener : udp_listeners_) listener->close(gateway_error(Code::draining));
  connections_.for_each([](Connection& connection) { connection.abort(gateway_error(Code::draining)); });
}

Task<void> ShardServer::join() {
  co_await scope_.join();
}

}  // namespace weir
