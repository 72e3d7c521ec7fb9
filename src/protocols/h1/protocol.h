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
/// A session on a connection that stands.
std::unique_ptr<ClientSession> session_on(Shard& shard, std::unique_ptr<Stream> stream, Watcher* idle_watcher);

}  // namespace weir::h1
