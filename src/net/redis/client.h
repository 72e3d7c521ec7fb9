// A Redis as one core knows it: one server, or a cluster of them.
//
// Idea: of a cluster the client keeps a table from slots to servers. A server that is not asked right says so (MOVED,
// ASK), which mends the table at once for that slot and has the whole of it read anew soon, at most once in
// refresh_pause; so does a server that is gone, until a failover has put another in its place.
//
// Who asks gets an answer or an error within his patience, redirections included; the answer may be the server's error.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/redis/node.h"
#include "net/redis/slots.h"

namespace weir::redis {

class Client {
 public:
  /// \param scope  of the core
  /// \param bench  of the core. All references outlive the client
  Client(Scope& scope, Resolver& resolver, tls::Workbench& bench, Settings settings, Events& events);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// \param slot  of the keys of the request; of no matter where there is no cluster
  /// \errors  unreachable without a wait when nobody is there to be asked; timed_out when `patience` is over; too many
  ///          redirections as upstream_overloaded; those of the connection; canceled
  Task<Result<Reply>> ask(const Request& request, std::uint16_t slot, Duration patience);
  /// Sends what needs no answer, if there is a connection. \returns  whether it was sent
  bool tell(const Request& request, std::uint16_t slot);
  /// Whether a question about this slot would be asked at all.
  [[nodiscard]] bool takes_questions(std::uint16_t slot) { return node_of(slot)->takes_questions(); }

  void stop();

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] std::vector<NodeFacts> nodes() const;

  /// Between two readings of the table of slots.
  static constexpr Duration refresh_pause = std::chrono::seconds{1};

 private:
  using NodePointer = std::shared_ptr<Node>;

  [[nodiscard]] const NodePointer& node_of(std::uint16_t slot);
  NodePointer node_at(const Endpoint& endpoint);
  void refresh_soon();
  Task<void> refresh();
  Task<bool> refresh_from(NodePointer node);
  void adopt(const std::vector<SlotRange>& ranges);
  void forget_idle_nodes();

  Scope& scope_;
  Resolver& resolver_;
  tls::Workbench& bench_;
  const Settings settings_;
  Events& events_;
  NodePointer first_;                         // the addresses of the settings
  std::map<std::string, NodePointer> nodes_;  // of a cluster, by address
  std::vector<NodePointer> left_;             // no slot is theirs any more, and they are not at rest yet
  std::vector<NodePointer> slots_;            // by slot; null: not known
  Time refreshed_{};
  bool refreshing_ = false;
  bool stopped_ = false;
};

}  // namespace weir::redis
