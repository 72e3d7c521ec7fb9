// A client's connection, from accept to close.
//
// Idea: it owns the stream, hears first for whom its sender speaks where that has to be said (PROXY protocol), shakes
// hands where the listener speaks TLS, and tells its session what it needs to know (the configuration of this moment,
// whether to end behind the current answer), and the server what that needs to know (idle or busy).
//
// Invariants
//   (1) A connection pins no configuration while it is idle.
//   (2) While idle, a drain ends it at once; while busy, behind its current answer.
#pragma once

#include <optional>

#include "contracts/certificate_source.h"
#include "contracts/session.h"
#include "net/proxy_protocol.h"
#include "runtime/cancellation.h"

namespace weir {

class ShardServer;
struct OpenListener;

class Connection final : public ServerContext, public ListLink {
 public:
  /// \param counted_as  the client it was counted under, which it leaves at its end; none when it was not
  Connection(ShardServer& server, const OpenListener& listener, Handle handle, std::optional<IpAddress> counted_as);
  ~Connection();

  /// Serves it to its end.
  Task<void> run();

  /// Asks for an end as soon as no answer is owed.
  void drain();
  /// Ends it now.
  void abort(Error why);

  Shard& shard() override;
  Handler& handler() override;
  const ConnectionFacts& facts() const override { return facts_; }
  SnapshotPin pin() override;
  bool ending() const override;
  bool draining() const override { return draining_; }
  /// Whether its end would cut anything: a request has begun to arrive and is not answered, or a tunnel is open.
  [[nodiscard]] bool busy() const { return traffic() && !idle_; }
  void watch_drain(DrainWatcher* watcher) override { drain_watcher_ = watcher; }
  void set_idle(bool idle) override;

 private:
  Task<bool> hear_sender();
  void become(const proxy_protocol::Header& header);
  Task<bool> secure();
  Task<Duration> prepare_for_name(Duration patience, std::string& arrived);
  Task<void> end_secured();
  [[nodiscard]] bool traffic() const { return !facts_.administrative && !facts_.read_only; }

  ShardServer& server_;
  Handler& handler_;
  const ServerProtocol& protocol_;
  Stream stream_;
  Inbox inbox_;
  std::shared_ptr<CertificateSource> certificates_;  // until hands are shaken; null: it is plain
  ConnectionFacts facts_;
  bool header_awaited_;
  Duration header_patience_;
  std::unique_ptr<proxy_protocol::Facts> proxied_;  // null: nobody speaks for the client
  std::string listener_name_;                       // outlives the listener, which a reload may take away
  CancellationRegion* region_ = nullptr;
  DrainWatcher* drain_watcher_ = nullptr;
  std::optional<IpAddress> counted_as_;
  Time opened_;
  std::uint64_t requests_ = 0;
  std::uint64_t requests_max_;
  Duration age_max_;
  ByteCount memory_max_ = unbounded;
  bool idle_ = false;
  bool draining_ = false;
};

}  // namespace weir
