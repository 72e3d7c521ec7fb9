// Server-Timing: where the time went, for the client's own tools (W3C Server Timing).
#pragma once

#include "contracts/exchange.h"

namespace weir {

/// Adds the field to an answer that is about to leave: `weir` is all of it so far, the others are parts of it, in
/// milliseconds. Only with `stories.server_timing`, since it shows clients how long upstreams take.
void tell_timing(const Exchange& exchange, ResponseHead& head);

}  // namespace weir
