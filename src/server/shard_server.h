// The server on one core: its listeners, its connections, and the configuration they start from.
//
// Idea: the process tells it what should be open (listener plans) and what is configured (a Gateway); it makes that so
// without dropping a connection. Listeners are kept by address: one that stays is not touched by a reload.
//
// Invariants
//   (1) current_ is the configuration that new exchanges pin; older ones live as long as they are pinned.
//   (2) Every connection is in connections_ and runs as a child of scope_; the server is destroyed when none is left.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "contracts/session.h"
#include "net/listener.h"
#include "server/census.h"
#include "server/connection.h"
#include "server/gateway.h"
#include "server/proxy_header.h"
#include "server/raw_listener.h"

namespace weir {

class RawStreams;   // server/raw_streams.h
class UdpListener;  // server/udp_listener.h

enum class ListenerUse : std::uint8_t { traffic, admin };

/// A listener as it should be.
struct ListenerPlan {
  std::string name;
  std::uint16_t id = 0;  ///< stable over reloads for the same name: routes refer to it
  SocketAddress address;
  ListenerUse use = ListenerUse::traffic;
  bool http2 = true;  ///< spoken with those who begin with its preface
  ProxySenders proxy_senders{};
  std::optional<RawProtocol> raw{};  ///< nothing: HTTP is spoken
  /// Of a listener of datagrams: what all cores hold open, counted by those that opened it together.
  std::shared_ptr<std::atomic<std::uint64_t>> sessions{};

  [[nodiscard]] bool takes_datagrams() const { return raw == RawProtocol::udp; }
  /// Whether a listener that is open already serves this plan.
  /// Several that let the kernel choose a port are told apart by name.
  [[nodiscard]] bool same_socket(const ListenerPlan& other) const {
    const bool chosen_by_kernel = address.family() != AF_UNIX && port_of(address) == 0;
    return address == other.address && use == other.use && takes_datagrams() == other.takes_datagrams() &&
           (!chosen_by_kernel || name == other.name);
  }
};

/// A listener as it is.
struct OpenListener {
  ListenerPlan plan;
  SocketAddress bound;  ///< the address really bound: the port is known
};

/// What one who is refused without a session is told: fits into one packet.
std::string refusal_text(Code reason);

class ShardServer {
 public:
  struct Parts {
    Handler& traffic;
    Handler& admin;
    const ServerProtocol& protocol;
    const RawStreams* raw_streams = nullptr;  ///< null: listeners speak HTTP
    Census& census;
  };

  ShardServer(Shard& shard, Parts parts);
  ShardServer(const ShardServer&) = delete;
  ~ShardServer();

  /// The configuration for exchanges that begin from now on.
  /// \param release  gets an old configuration's reference when its last exchange is over
  void configure(std::shared_ptr<const Gateway> gateway, ShardSnapshot::Release release);

  /// Lets go of the configuration: no exchange begins any more.
  void forget_configuration() { current_.reset(); }

  /// Opens a listener and begins to accept. \returns the address really bound
  /// \errors  what bind() and listen() say
  Result<SocketAddress> open(const ListenerPlan& plan) { return open_at(plan, plan.address); }
  /// The same where another core has opened it already: `address` has the port that the kernel chose.
  Result<SocketAddress> open_at(const ListenerPlan& plan, const SocketAddress& address);
  /// Empties the accept queue of the listener at that address and closes it; one of datagrams, when its last session is
  /// over.
  void close(const ListenerPlan& plan);
  /// Whether one of datagrams at that port is closed and not yet gone.
  [[nodiscard]] bool still_drains(const ListenerPlan& plan) const;
  /// Gives an open listener its new name and id.
  void rename(const ListenerPlan& plan);

  /// Closes all listeners for traffic; connections end behind their current answer.
  /// \param drained  called once, when no connection that carries traffic is left
  void drain(std::function<void()> drained);
  /// Ends what is still there, the admin's connections included.
  void abort();
  /// Waits until every connection and listener is gone.
  Task<void> join();

  [[nodiscard]] std::size_t connections() const { return connection_count_; }
  /// Connections that carry traffic: what a drain waits for.
  [[nodiscard]] std::size_t traffic_connections() const { return traffic_count_; }
  [[nodiscard]] bool draining() const { return draining_; }
  /// Whether the end of this server would cut an answer or a tunnel.
  [[nodiscard]] bool busy() const;
  /// The sockets that listen at that address on this core.
  [[nodiscard]] std::vector<Handle> sockets_of(const ListenerPlan& plan) const;

  [[nodiscard]] Shard& shard() { return shard_; }
  [[nodiscard]] Census& census() { return parts_.census; }
  [[nodiscard]] const ServerProtocol& protocol_for(const ListenerPlan& plan) const;
  /// \pre a listener may speak no HTTP
  [[nodiscard]] const RawStreams& raw_streams() const { return *parts_.raw_streams; }
  [[nodiscard]] Handler& handler_for(const ListenerPlan& plan) const {
    return plan.use == ListenerUse::admin ? parts_.admin : parts_.traffic;
  }
  [[nodiscard]] SnapshotPin pin() const { return current_.again(); }
  /// What a connection of that listener is answered with; null: it is plain.
  [[nodiscard]] std::shared_ptr<CertificateSource> certificates_of(const ListenerPlan& plan) const {
    return static_cast<const Gateway&>(*current_).certificates_of(plan.id);
  }

  /// Counts a client that only the header of its connection has named. \param counted  as whom, until it leaves
  /// \returns  false when it holds as many as it may
  bool count_named_client(const IpAddress& client, std::optional<IpAddress>& counted);
  /// One who must begin with a header did not, or not rightly.
  void tell_of_header(const IpAddress& sender, const HeardHeader& heard);

 private:
  struct Acceptor;

  Task<void> accept_loop(Acceptor& acceptor);
  Result<SocketAddress> open_datagrams(const ListenerPlan& plan, const SocketAddress& address);
  Task<void> serve_datagrams(UdpListener& listener);
  void admit(Acceptor& acceptor, Handle handle);
  void admit_or_refuse(Acceptor& acceptor, Handle handle);
  std::optional<IpAddress> counted_client(const Acceptor& acceptor, Handle handle);
  [[nodiscard]] std::optional<IpAddress> counted_as(const IpAddress& client) const;
  void refuse(const Acceptor& acceptor, Handle handle, Code reason);
  void client_refused(const IpAddress& client);
  Task<void> serve(std::unique_ptr<Connection> connection, bool counts_as_traffic);
  void stop(Acceptor& acceptor);
  void make_reserve(Acceptor& acceptor);
  void tell_when_drained();

  Shard& shard_;
  Parts parts_;
  SnapshotPin current_;
  Scope scope_;
  std::list<std::unique_ptr<Acceptor>> acceptors_;
  std::list<std::unique_ptr<UdpListener>> udp_listeners_;
  IntrusiveList<Connection> connections_;
  std::size_t connection_count_ = 0;
  std::size_t traffic_count_ = 0;
  // Since the log was told last.
  std::uint64_t refused_clients_ = 0;
  Time tell_of_clients_at_{};
  std::uint64_t refused_headers_ = 0;
  Time tell_of_headers_at_{};
  bool draining_ = false;
  bool aborted_ = false;  // connections were ended; one that is accepted only now is turned away
  std::function<void()> drained_;
};

}  // namespace weir
