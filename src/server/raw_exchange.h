// A raw stream or a conversation of datagrams as an exchange: what both have in common.
#pragma once

#include <memory>
#include <span>

#include "contracts/exchange.h"
#include "contracts/observer.h"
#include "server/raw_listener.h"

namespace weir {

/// Counts it, names it, and makes sure that observers are told of its end.
/// \param observers  outlive the exchange
void begin_raw(Exchange& exchange, std::span<Observer* const> observers);

/// All that happens before bytes move: a place among what the listener has open, the route, its filters, an endpoint.
/// \param server_name  that the client asked for; empty: none
/// \param counted      is given the listener's count when a place was taken there
/// \returns  an answer with a tunnel
Reply open_raw(Exchange& exchange, std::string_view server_name, std::shared_ptr<RawCount>& counted);

}  // namespace weir
