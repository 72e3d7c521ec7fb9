// A raw stream or a conversation of datagrams as an exchange: what both have in common.
#pragma once

#include <memory>
#include <span>

#include "contracts/exchange.h"
#include "contracts/observer.h"
#include "server/raw_listener.h"

namespace weir {

/// Counts it, names it, and makes sure that observers are told of its end.
/// \param server_name  that the client asked for; empty: none
/// \param observers    outlive the exchange
void begin_raw(Exchange& exchange, std::string_view server_name, std::span<Observer* const> observers);

/// A place among what the listener has open: taken before anything else is asked.
/// \errors  no_route  a reload has taken the listener away meanwhile; too_many_connections
Result<RawPlace> take_place(const Snapshot& snapshot, std::uint16_t listener);

/// What happens before bytes move: the route, its filters, an endpoint.
/// \returns  an answer with a tunnel
Reply open_raw(Exchange& exchange);

}  // namespace weir
