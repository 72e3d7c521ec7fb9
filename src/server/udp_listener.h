// A listener of datagrams on one core, and the conversations of its clients: `protocol: udp`.
//
// Problem: datagrams of all clients come to one socket, and an answer must find its way back to who asked. Idea: the
// first datagram of a client (by address, port and which of our addresses it asked) begins a session: an exchange like
// a raw stream, whose tunnel to an endpoint is a socket of its own. What the client sends is given to its session, what
// the endpoint sends goes back through the listener's socket; a session in which nothing moves for a while is over. The
// kernel gives a client's datagrams always to the same core.
//
// Invariants
//   (1) What a stranger can make grow is bounded: sessions by the listener's `connections` (10,000 when it does
//       not say), what waits in one session by limits::udp_waiting and udp_waiting_bytes. Beyond, datagrams are dropped
//       and counted.
//   (2) A datagram of who was refused a moment ago, or for whom no place is left, costs no exchange.
//   (3) A session pins no configuration while it moves datagrams.
//   (4) It is destroyed when no session is left and its loop has ended.
//   (5) One that drains keeps its socket while any core has a session there: with each socket that goes the kernel
//       spreads clients over the others anew, and what it gives to another core is lost.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/crypto.h"
#include "runtime/datagrams.h"
#include "runtime/signal.h"
#include "server/raw_listener.h"
#include "server/recent_refusals.h"
#include "server/shard_server.h"

namespace weir {

/// Keyed, so that nobody can choose ends that meet.
struct DatagramEndsHash {
  crypto::HashKey key = crypto::HashKey::random();
  std::size_t operator()(const DatagramEnds& ends) const;
};

class UdpListener final : private Watcher {
 public:
  /// Opens the socket. \errors  what bind() says
  static Result<std::unique_ptr<UdpListener>> open(ShardServer& server, const ListenerPlan& plan,
                                                   const SocketAddress& address);
  ~UdpListener();

  /// Takes datagrams until it was stopped and the last session is over, or close() was called.
  Task<void> run();
  /// No session begins any more; those that are there go on.
  void drain();
  /// Takes a drain back: the address is listened on again before all sessions were over.
  void resume(const ListenerPlan& plan);
  /// Ends everything.
  void close(Error why);
  void rename(const ListenerPlan& plan) { open_.plan = plan; }

  [[nodiscard]] const OpenListener& opened() const { return open_; }
  [[nodiscard]] bool draining() const { return draining_ && !closed_; }
  [[nodiscard]] bool busy() const { return !sessions_.empty(); }

 private:
  class Session;
  friend class Session;

  UdpListener(ShardServer& server, OpenListener open, Handle handle);
  void on_activity(bool gone) override;
  bool take(std::string_view datagram, const DatagramEnds& ends);
  Session* begin(const DatagramEnds& ends);
  Task<void> serve(Session& session);
  void tell_of_full();
  [[nodiscard]] bool short_of_memory() const;
  [[nodiscard]] bool over() const;
  [[nodiscard]] RawMetrics& counts() const;

  ShardServer& server_;
  Shard& shard_;
  Io& io_;
  OpenListener open_;
  Handle handle_;
  Signal news_;
  Scope scope_;
  std::unique_ptr<char[]> room_;
  std::unordered_map<DatagramEnds, std::unique_ptr<Session>, DatagramEndsHash> sessions_;
  std::shared_ptr<std::atomic<std::uint64_t>> sessions_of_all_cores_;
  RecentRefusals refusals_;
  // Since the log was told last.
  std::uint64_t without_place_ = 0;
  Time tell_of_full_at_{};
  bool draining_ = false;
  bool closed_ = false;
};

}  // namespace weir
