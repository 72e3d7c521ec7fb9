// HTTP/1.1 as a protocol: what app/catalog.cc knows of this folder.
#pragma once

#include "contracts/session.h"

namespace weir::h1 {

const ServerProtocol& server_protocol();
const ClientProtocol& client_protocol();

}  // namespace weir::h1
