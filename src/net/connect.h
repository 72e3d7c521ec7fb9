// Opening a connection to somebody else.
#pragma once

#include <memory>

#include "net/address.h"
#include "net/stream.h"
#include "runtime/task.h"

namespace weir {

/// Connects within `timeout`.
/// \errors  connect_refused, unreachable, connect_timeout (origin upstream, retry unsent: no byte was sent);
///          out_of_descriptors (origin gateway); canceled
Task<Result<std::unique_ptr<Stream>>> connect(Reactor& reactor, const UpstreamAddress& address, Duration timeout);

/// A socket that exchanges datagrams with `address` alone: each send is one, each receive brings one. An empty one
/// reads as an end and is none.
/// \errors  as connect()
Task<Result<std::unique_ptr<Stream>>> open_datagrams(Reactor& reactor, const UpstreamAddress& address);

}  // namespace weir
