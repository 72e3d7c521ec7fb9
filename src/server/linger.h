// The end of a connection whose client may still be sending.
#pragma once

#include "contracts/session.h"

namespace weir {

/// Says that nothing more comes, then reads on for a while: closing on unread bytes would send a reset, and the reset
/// would take the last answer with it (RFC 9112 section 9.6). Counts as idle: no answer is owed any more.
Task<void> linger(ServerContext& context, Stream& stream);

}  // namespace weir
