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
//       not say), datagrams that wait in one session by limits::udp_waiting. Beyond, datagrams are dropped and counted.
//   (2) A session pins no configuration while it moves datagrams.
//   (3) It is destroyed when no session is left and its loop has ended.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "contracts/observer.h"
#include "runtime/datagrams.h"
#include "runtime/signal.h"
#include "server/raw_exchange.h"
#include "server/shard_server.h"

namespace weir {

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
  /// Ends everything.
  void close(Error why);
  void rename(const ListenerPlan& plan) { open_.plan = plan; }

  [[nodiscard]] const OpenListener& opened() const { return open_; }
  [[nodiscard]] bool busy() const { return !sessions_.empty(); }

 private:
  class Session;
  friend class Session;

  UdpListener(ShardServer& server, OpenListener open, Handle handle);
  void on_activity(bool gone) override;
  void take_one(std::string_view datagram, const DatagramEnds& ends);
  Session* begin(const std::string& key, const DatagramEnds& ends);
  Task<void> serve(Session& session);
  [[nodiscard]] RawMetrics& counts() const;

  ShardServer& server_;
  Shard& shard_;
  Io& io_;
  OpenListener open_;
  Handle handle_;
  Signal news_;
  Scope scope_;
  std::unique_ptr<char[]> room_;
  std::unordered_map<std::string, std::unique_ptr<Session>> sessions_;  // by the bytes of both ends
  bool draining_ = false;
  bool closed_ = false;
};

}  // namespace weir
