// Making sessions of both sides.
#include "protocols/h1/protocol.h"

#include "protocols/h1/client_session.h"
#include "protocols/h1/server_session.h"
#include "upstream/secured_protocol.h"

namespace weir::h1 {
namespace {

class ServerProtocolH1 final : public ServerProtocol {
 public:
  Task<void> serve(ServerContext& context, Inbox& inbox) const override {
    ServerSessionH1 session(context, inbox);
    co_await session.run();
  }
};

}  // namespace

const ServerProtocol& server_protocol() {
  static const ServerProtocolH1 protocol;
  return protocol;
}

const ClientProtocol& client_protocol() {
  static const OneExchangeProtocol<ClientSessionH1> protocol;
  return protocol;
}

std::shared_ptr<const ClientProtocol> secured_client_protocol(std::shared_ptr<const tls::ClientContext> context,
                                                              unsigned cores) {
  return std::make_shared<const SecuredProtocol<ClientSessionH1>>(std::move(context), cores);
}

std::unique_ptr<ClientSession> session_on(Shard& shard, std::unique_ptr<Stream> stream, Watcher* idle_watcher) {
  return std::make_unique<ClientSessionH1>(shard, std::move(stream), idle_watcher);
}

}  // namespace weir::h1
