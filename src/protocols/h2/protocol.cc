// Making sessions of both sides.
#include "protocols/h2/protocol.h"

#include "protocols/h2/client_session.h"
#include "protocols/h2/server_session.h"

namespace weir::h2 {
namespace {

class ServerProtocolH2 final : public ServerProtocol {
 public:
  Task<void> serve(ServerContext& context, Inbox& inbox) const override {
    ServerSessionH2 session(context, inbox);
    co_await session.run();
  }
};

/// The connections of a core to upstreams that speak HTTP/2; each is kept by those who have a slot on it.
class Connections final : public ShardState {
 public:
  /// A connection with room for one more, perhaps still being opened.
  std::shared_ptr<ClientConnection> find_or_open(Shard& shard, const UpstreamAddress& address,
                                                 const UpstreamTimeouts& timeouts) {
    std::erase_if(known_, [](const std::weak_ptr<ClientConnection>& each) { return each.expired(); });
    for (const auto& each : known_) {
      auto connection = each.lock();
      if (connection->address().address == address.address && connection->has_room()) return connection;
    }
    auto opened = std::make_shared<ClientConnection>(shard, address);
    known_.push_back(opened);
    shard.scope.spawn(ClientConnection::run(opened, timeouts));
    return opened;
  }

 private:
  std::vector<std::weak_ptr<ClientConnection>> known_;
};

class ClientProtocolH2 final : public ClientProtocol {
 public:
  Task<Result<std::unique_ptr<ClientSession>>> connect(Shard& shard, const UpstreamAddress& address,
                                                       const UpstreamTimeouts& timeouts, Watcher*) const override {
    static const StateKey key("h2 connections to upstreams");
    Connections& connections = shard.state<Connections>(key, [] { return std::make_unique<Connections>(); });
    co_return std::make_unique<ClientSessionH2>(shard, connections.find_or_open(shard, address, timeouts));
  }
};

}  // namespace

const ServerProtocol& server_protocol() {
  static const ServerProtocolH2 protocol;
  return protocol;
}

const ClientProtocol& client_protocol() {
  static const ClientProtocolH2 protocol;
  return protocol;
}

}  // namespace weir::h2
