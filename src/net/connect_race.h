// Connecting to one of several addresses of the same server: the next is tried before the one before it has failed.
//
// Problem: a name has addresses of both families, and the way to one of them is broken: whoever waits for its time-out
// waits for seconds, each time. Idea ("happy eyeballs", RFC 8305): families take turns; when an address has not
// answered within the connection-attempt delay, or has failed, the next is tried beside it. The first connection wins;
// all other tries are cancelled, and a connection that one of them made meanwhile is closed.
//
// Invariants
//   (1) When connect_first() has returned, no try runs, and no socket but the winner's is open.
//   (2) Between two tries lies the delay, or a failure of the one before.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "net/address.h"
#include "net/stream.h"
#include "runtime/task.h"

namespace weir {

/// The addresses in the order in which they are tried: the first one's family first, then the families in turns, each
/// in its given order (RFC 8305 section 4, First Address Family Count 1). Pure.
std::vector<SocketAddress> interleaved(std::span<const SocketAddress> addresses);

/// \param addresses  in the order of trying; at least one; lives until it has returned
/// \param timeout    for all of it together
/// \errors  of the try that failed last; connect_timeout; canceled
Task<Result<std::unique_ptr<Stream>>> connect_first(Reactor& reactor, std::span<const SocketAddress> addresses,
                                                    Duration timeout, Duration attempt_delay);

}  // namespace weir
