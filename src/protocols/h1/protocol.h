// HTTP/1.1 as a protocol: what app/catalog.cc knows of this folder.
#pragma once

#include "contracts/session.h"
#include "net/tls/client_context.h"

namespace weir::h1 {

const ServerProtocol& server_protocol();
const ClientProtocol& client_protocol();
/// The same over TLS. \param cores  that will use it
std::shared_ptr<const ClientProtocol> secured_client_protocol(std::shared_ptr<const tls::ClientContext> context,
                                                              unsigned cores);

}  // namespace weir::h1
