// POST /upstreams/drain, /upstreams/disable, /upstreams/enable, /upstreams/weight.
//
//   ?upstream=shop&endpoint=10.0.0.1:8080   who is meant; both as /upstreams shows them
//   &weight=5                               of the verb weight: 1 to 1000, or default
//   &force=1                                also when it is the last endpoint
//   &wait=30s                               of drain and disable: until it has no requests, 30 s at most
//
// 200: it is so on every core. 202: it is so, and requests are still in flight there. 404: there is no such upstream or
// endpoint. 409: it would leave the upstream without anybody. 400: the question cannot be understood.
#pragma once

#include "app/process/operations.h"
#include "contracts/exchange.h"

namespace weir {

/// \param by  who asks, for the log
Reply order_endpoint(Exchange& exchange, Operations& operations, EndpointVerb verb, std::string by);

}  // namespace weir
