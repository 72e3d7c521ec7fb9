// The end of a connection whose client may still be sending.
#pragma once

#include "contracts/session.h"

namespace weir {

/// Waits for the rest of a handshake whose client was answered before (0-RTT): nobody can be told of an end until then.
/// What else comes is forgotten. Returns at once where there is nothing to wait for.
Task<void> await_handshake(Stream& stream, Duration patience);

/// Says that nothing more comes, then reads on for a while: closing on unread bytes would send a reset, and the reset
/// would take the last answer with it (RFC 9112 section 9.6). Counts as idle: no answer is owed any more.
Task<void> linger(ServerContext& context, Stream& stream);

}  // namespace weir
