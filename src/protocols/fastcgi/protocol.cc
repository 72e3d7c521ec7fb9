// Making sessions: a connection that stands is one, since FastCGI greets nobody.
#include "protocols/fastcgi/protocol.h"

#include "net/connect.h"
#include "protocols/fastcgi/client_session.h"

namespace weir::fastcgi {
namespace {

class ClientProtocolFastcgi final : public ClientProtocol {
 public:
  Task<Result<std::unique_ptr<ClientSession>>> connect(Shard& shard, const UpstreamAddress& address,
                                                       const UpstreamTimeouts& timeouts,
                                                       Watcher* idle_watcher) const override {
    CO_TRY(std::unique_ptr<Stream> stream, co_await weir::connect(shard.reactor, address, timeouts.connect));
    co_return std::make_unique<ClientSessionFastcgi>(shard, std::move(stream), idle_watcher);
  }
};

}  // namespace

const ClientProtocol& client_protocol() {
  static const ClientProtocolFastcgi protocol;
  return protocol;
}

}  // namespace weir::fastcgi
