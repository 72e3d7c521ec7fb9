// The one place that turns an Error into a response.
#pragma once

#include "contracts/exchange.h"

namespace weir {

/// The status a client is given for `error`: 4xx for its own faults, 502 and 504 for the upstream's, 500 and 503
/// for ours. Pure.
Status status_of(const Error& error);

/// Problem details, a short page or plain text by Accept, with the request id; `retry-after` with 503. A request of
/// gRPC gets it as gRPC tells it (server/grpc_reply.h).
Answer error_reply(Exchange& exchange, const Error& error);

}  // namespace weir
