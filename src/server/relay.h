// The one loop in the program that moves bytes both ways: tunnels within HTTP, raw streams, datagrams.
#pragma once

#include "contracts/duplex.h"
#include "runtime/reactor.h"
#include "runtime/task.h"

namespace weir {

struct RelayLimits {
  Duration idle = no_limit;         ///< nothing moved in either direction
  Duration half_closed = no_limit;  ///< the same once one side has finished sending
  Duration age = no_limit;          ///< since the relay began
};

struct RelayOutcome {
  /// Success: both sides finished sending, or one did and the other fell silent.
  /// \errors  tunnel_timeout, peer_reset; why it was canceled; what the upstream's side complains of
  Result<void> result;
  bool broken = false;  ///< not all has passed, and nobody has told the ends: they are to be cut
  ByteCount bytes_from_client = 0;
  ByteCount bytes_to_client = 0;
};

/// Moves bytes until both directions have ended, one has failed, or a limit has passed. An end in one direction is
/// passed on and the other goes on (half-close).
Task<RelayOutcome> relay(Reactor& reactor, Duplex& client, Duplex& upstream, RelayLimits limits);

}  // namespace weir
