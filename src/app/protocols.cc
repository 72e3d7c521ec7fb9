// The one place that knows all protocols of clients.
#include "app/protocols.h"

#include "protocols/h1/protocol.h"
#include "protocols/h2/protocol.h"
#include "server/protocol_choice.h"

namespace weir {

const ServerProtocol& client_protocols() {
  static const ProtocolChoice choice(h1::server_protocol(), h2::server_protocol());
  return choice;
}

}  // namespace weir
