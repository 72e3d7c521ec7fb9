// Raw TCP towards an upstream: what app/upstream_protocol.cc knows of this folder.
//
// Idea: to who picks endpoints, leases connections and tries again, a raw stream is a request like any other, whose
// answer is there as soon as the connection is: a tunnel. So balancers, health, breakers, PROXY headers, and another
// endpoint when a connect fails, are those of HTTP.
//
// Invariants
//   (1) A connection carries one stream: it is never clean afterwards.
#pragma once

#include "contracts/session.h"
#include "net/tls/client_context.h"

namespace weir::tcp {

const ClientProtocol& client_protocol();
/// The same within TLS. \param cores  that will use it
std::shared_ptr<const ClientProtocol> secured_client_protocol(std::shared_ptr<const tls::ClientContext> context,
                                                              unsigned cores);

}  // namespace weir::tcp
