// One request to one cluster: pick an endpoint, lease a connection, send, and perhaps try again.
//
// Idea: the only loop around a request in the program. Each turn asks three pure functions (the balancer, the pool, the
// retry table) and leaves what they said on the exchange; the last turn's answer or error is the outcome.
#pragma once

#include "upstream/cluster.h"

namespace weir {

/// Sends the exchange's request to an endpoint of `cluster`.
///
/// Fills exchange.upstream_name, upstream_endpoint, attempts and timings; leaves records of the rooms "balance", "pool"
/// and "retry". A request body of an idempotent request is wrapped so that it can be sent again while it is small.
/// \param head  what goes upstream; lives in the exchange's arena
/// \returns  the answer; its body or tunnel holds the connection
/// \errors   of the last attempt, with its origin: those of Pool::Acquire and ClientSession::send; no_endpoint,
///           resolve_failed; those of CircuitBreaker::enter and BulkheadUse::enter where the cluster has them
Reply send_to(const Cluster& cluster, Exchange& exchange, const RequestHead& head);

}  // namespace weir
