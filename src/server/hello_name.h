// Which name a client asks for, before its handshake begins.
#pragma once

#include <string>

#include "net/stream.h"
#include "runtime/task.h"

namespace weir {

/// Reads on until the ClientHello is whole, and leaves it all to the handshake.
/// \param arrived  what has come, and comes
/// \returns  empty when it names nobody, asks for a proof (net/tls/challenge.h), is none, or does not come
Task<std::string> hear_name(Stream& stream, Duration patience, std::string& arrived);

}  // namespace weir
