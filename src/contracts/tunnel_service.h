// A service that is asked by CONNECT, and opens the tunnel that is asked for: nobody else hears of that method.
//
// Its answer has a status of 2xx and the tunnel (RFC 9110 section 9.3.6).
#pragma once

#include "contracts/service.h"

namespace weir {

class TunnelService : public Service {};

}  // namespace weir
