// What becomes of an exchange whose answer switched protocols, in whatever version its client speaks.
//
// Idea: behind the head of the answer nothing of the exchange is needed but its story: configuration and route may go
// while the tunnel lives for days. What is left is the relay, the route's limits for it, and what it came to.
#pragma once

#include "contracts/exchange.h"
#include "runtime/task.h"

namespace weir {

/// Carries the tunnel to its end. The head of the answer has been sent.
/// \param delivery  told how many bytes passed, and how it ended
Task<void> carry_tunnel(Exchange& exchange, Duplex& client, Duplex& upstream, Delivery& delivery);

}  // namespace weir
