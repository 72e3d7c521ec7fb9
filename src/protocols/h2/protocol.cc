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

/// Connections that are kept by those who have a slot on them.
class KnownConnections {
 public:
  /// One with room for one more, perhaps still being opened; null: there is none.
  std::shared_ptr<ClientConnection> find(const UpstreamAddress& address) {
    std::erase_if(known_, [](const std::weak_ptr<ClientConnection>& each) { return each.expired(); });
    for (const auto& each : known_) {
      auto connection = each.lock();
      if (connection->address().address == address.address && connection->has_room()) return connection;
    }
    return nullptr;
  }
  /// A new one, which opens its own socket.
  std::shared_ptr<ClientConnection> open(Shard& shard, const UpstreamAddress& address,
                                         const UpstreamTimeouts& timeouts) {
    auto opened = std::make_shared<ClientConnection>(shard, address);
    run(shard, opened, timeouts);
    return opened;
  }
  void run(Shard& shard, const std::shared_ptr<ClientConnection>& connection, const UpstreamTimeouts& timeouts) {
    known_.push_back(connection);
    shard.scope.spawn(ClientConnection::run(connection, timeouts));
  }

 private:
  std::vector<std::weak_ptr<ClientConnection>> known_;
};

/// Those of a core to upstreams that speak HTTP/2 without TLS.
class Connections final : public ShardState, public KnownConnections {};

class SharedSessionsH2 final : public SharedSessions {
 public:
  SharedSessionsH2(Shard& shard, const UpstreamAddress& address, std::shared_ptr<const ClientProtocol> detour)
      : shard_(shard), address_(address), detour_(std::move(detour)) {}

  std::unique_ptr<ClientSession> find() override {
    auto connection = connections_.find(address_);
    return connection == nullptr ? nullptr : std::make_unique<ClientSessionH2>(shard_, std::move(connection), detour_);
  }
  // The place is taken before the connection looks whether anybody wants it: what is spawned runs at once.
  std::unique_ptr<ClientSession> begin(std::unique_ptr<Stream> stream, const UpstreamTimeouts& timeouts) override {
    auto connection = std::make_shared<ClientConnection>(shard_, address_, std::move(stream));
    auto session = std::make_unique<ClientSessionH2>(shard_, connection, detour_);
    connections_.run(shard_, connection, timeouts);
    return session;
  }

 private:
  Shard& shard_;
  const UpstreamAddress address_;
  const std::shared_ptr<const ClientProtocol> detour_;
  KnownConnections connections_;
};

class ClientProtocolH2 final : public ClientProtocol {
 public:
  Task<Result<std::unique_ptr<ClientSession>>> connect(Shard& shard, const UpstreamAddress& address,
                                                       const UpstreamTimeouts& timeouts, Watcher*) const override {
    static const StateKey key("h2 connections to upstreams");
    Connections& connections = shard.state<Connections>(key, [] { return std::make_unique<Connections>(); });
    auto connection = connections.find(address);
    if (connection == nullptr) connection = connections.open(shard, address, timeouts);
    co_return std::make_unique<ClientSessionH2>(shard, std::move(connection));
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

std::unique_ptr<SharedSessions> shared_sessions(Shard& shard, const UpstreamAddress& address,
                                                std::shared_ptr<const ClientProtocol> detour) {
  return std::make_unique<SharedSessionsH2>(shard, address, std::move(detour));
}

}  // namespace weir::h2
