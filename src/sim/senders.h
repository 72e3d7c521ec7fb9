// PROXY headers as the simulated parties write and read them: senders in front of the gateway, origins behind it.
//
// As with sim/wire.h, none of it is the gateway's own.
#pragma once

#include <string>

#include "sim/plan.h"
#include "sim/wire.h"

namespace weir::sim {

/// What a connection begins with; empty where nobody passes it on.
std::string sender_header(const ClientConnectionPlan& plan);

/// The end of a connection as the origins are to hear of it: `192.0.2.7:40007`.
/// \param own  the client's end of its socket
std::string client_end(const ClientConnectionPlan& plan, const SocketAddress& own);
/// The address within it.
std::string_view address_in(std::string_view end);

/// Reads the header with which a connection to an origin begins. \param source  `192.0.2.7:40007`
/// \returns  `closed`, `reset` or `late` only when not a byte had come
Task<Ending> read_introduction(Wire& wire, Duration longest, std::string& source);

}  // namespace weir::sim
