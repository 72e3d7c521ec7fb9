// FastCGI as a protocol: what app/compile.cc knows of this folder. Towards upstreams only.
#pragma once

#include "contracts/session.h"

namespace weir::fastcgi {

const ClientProtocol& client_protocol();

}  // namespace weir::fastcgi
