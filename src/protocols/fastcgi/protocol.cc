// Making sessions: a connection that stands is one, since FastCGI greets nobody.
#include "protocols/fastcgi/protocol.h"

#include "protocols/fastcgi/client_session.h"

namespace weir::fastcgi {
const ClientProtocol& client_protocol() {
  static const OneExchangeProtocol<ClientSessionFastcgi> protocol;
  return protocol;
}

}  // namespace weir::fastcgi
