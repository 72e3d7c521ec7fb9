// The handshake over a stream: until it is over the stream carries what the engine says, afterwards it speaks TLS.
#pragma once

#include <memory>

#include "net/stream.h"
#include "net/tls/engine.h"
#include "runtime/task.h"

namespace weir::tls {

/// Shakes hands and gives the engine to the stream.
/// \param engine   of a client or of a server
/// \param patience for the whole of it
/// \param arrived  what the other side has said already; only its begin is looked at before this suspends
/// \returns  nothing; stream.tls() has the facts
/// \errors   tls_failed, certificate_untrusted, tls_timeout; those of Stream. `why` says more
Task<Result<void>> shake_hands(Stream& stream, std::unique_ptr<Engine> engine, Duration patience, Failure& why,
                               std::span<const char> arrived = {});

}  // namespace weir::tls
