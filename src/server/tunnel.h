// What becomes of an exchange whose answer is a tunnel: it switched protocols, in whatever version its client speaks,
// was asked by CONNECT, or is a raw stream.
//
// Idea: behind the head of the answer nothing of the exchange is needed but its story: configuration and route may go
// while the tunnel lives for days. What is left is the relay, the route's limits for it, and what it came to.
//
// Invariants
//   (1) While bytes move no configuration is pinned.
//   (2) Where one side breaks both are cut and not ended: nobody takes the part for the whole.
#pragma once

#include "contracts/exchange.h"
#include "runtime/task.h"

namespace weir {

/// Carries the tunnel to its end. The head of the answer, where there is one, has been sent.
/// \param delivery  told how many bytes passed, and how it ended
Task<void> carry_tunnel(Exchange& exchange, Duplex& client, Duplex& upstream, Delivery& delivery);

}  // namespace weir
