// Making sessions of both sides.
#include "protocols/h1/protocol.h"

#include "net/connect.h"
#include "protocols/h1/client_session.h"
#include "protocols/h1/server_session.h"

namespace weir::h1 {
namespace {

class ServerProtocolH1 final : public ServerProtocol {
 public:
  Task<void> serve(ServerContext& context, Stream& stream) const override {
    ServerSessionH1 session(context, stream);
    co_await session.run();
  }
};

class ClientProtocolH1 final : public ClientProtocol {
 public:
  Task<Result<std::unique_ptr<ClientSession>>> connect(Shard& shard, const UpstreamAddress& address,
                                                       const UpstreamTimeouts& timeouts,
                                                       Watcher* idle_watcher) const override {
    CO_TRY(std::unique_ptr<Stream> stream, co_await weir::connect(shard.reactor, address, timeouts.connect));
    co_return std::make_unique<ClientSessionH1>(shard, std::move(stream), idle_watcher);
  }
};

}  // namespace

const ServerProtocol& server_protocol() {
  static const ServerProtocolH1 protocol;
  return protocol;
}

const ClientProtocol& client_protocol() {
  static const ClientProtocolH1 protocol;
  return protocol;
}

}  // namespace weir::h1
