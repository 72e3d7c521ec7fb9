// The answer to a raw stream is its connection.
#include "protocols/tcp/protocol.h"

#include "upstream/one_exchange_session.h"
#include "upstream/secured_protocol.h"

namespace weir::tcp {
namespace {

class ClientSessionTcp final : public OneExchangeSession {
 public:
  using OneExchangeSession::OneExchangeSession;

  Reply send(Exchange& exchange, const RequestHead&, Body*, const UpstreamTimeouts&, Lease lease) override {
    begin(std::move(lease));
    exchange.timings.upstream_sent = shard_.reactor.now();
    Answer answer(exchange.arena);
    answer.head.status = 101;
    answer.tunnel = std::make_unique<SessionTunnel>(*this);
    co_return answer;
  }
};

using Plain = OneExchangeProtocol<ClientSessionTcp>;
using Secured = SecuredProtocol<ClientSessionTcp>;

}  // namespace

const ClientProtocol& client_protocol() {
  static const Plain protocol;
  return protocol;
}

std::shared_ptr<const ClientProtocol> secured_client_protocol(std::shared_ptr<const tls::ClientContext> context,
                                                              unsigned cores) {
  return std::make_shared<const Secured>(std::move(context), cores);
}

bool is_raw(const ClientProtocol& protocol) {
  return dynamic_cast<const Plain*>(&protocol) != nullptr || dynamic_cast<const Secured*>(&protocol) != nullptr;
}

}  // namespace weir::tcp
