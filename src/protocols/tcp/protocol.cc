// The answer to a raw stream is its connection.
#include "protocols/tcp/protocol.h"

#include "upstream/secured_protocol.h"
#include "upstream/tunnel_session.h"

namespace weir::tcp {
namespace {

using Session = TunnelSession<SessionTunnel>;
using Plain = OneExchangeProtocol<Session>;
using Secured = SecuredProtocol<Session>;

}  // namespace

const ClientProtocol& client_protocol() {
  static const Plain protocol;
  return protocol;
}

std::shared_ptr<const ClientProtocol> secured_client_protocol(std::shared_ptr<const tls::ClientContext> context,
                                                              unsigned cores) {
  return std::make_shared<const Secured>(std::move(context), cores);
}

}  // namespace weir::tcp
