// A raw stream or a conversation of datagrams as an exchange: what both have in common.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "contracts/exchange.h"
#include "contracts/observer.h"
#include "server/raw_listener.h"

namespace weir {

/// Of the whole process since its start, counted where the core that does it does not matter: a few atomics for each
/// stream, two for each datagram.
struct RawCounts {
  using Count = std::atomic<std::uint64_t>;

  Count streams{0};       ///< of TCP and TLS, begun
  Count streams_open{0};  ///< now
  Count refused{0};       ///< of these, before a server was asked: no route, a filter, the maximum, no ClientHello
  Count bytes_from_clients{0};
  Count bytes_to_clients{0};
  Count sessions{0};       ///< of UDP, begun
  Count sessions_open{0};  ///< now
  Count datagrams_from_clients{0};
  Count datagrams_to_clients{0};
  Count datagrams_dropped{0};  ///< from or to clients: no session could be had, too many waited, no room to send
};
inline void add(RawCounts::Count& count, std::uint64_t amount = 1) {
  count.fetch_add(amount, std::memory_order_relaxed);
}

/// Counts it, names it, and makes sure that observers are told of its end.
/// \param counts  outlive the exchange, as the observers do
void begin_raw(Exchange& exchange, std::span<Observer* const> observers, RawCounts& counts);

/// All that happens before bytes move: a place among what the listener has open, the route, its filters, an endpoint.
/// \param server_name  that the client asked for; empty: none
/// \param counted      is given the listener's count when a place was taken there
/// \returns  an answer with a tunnel
Reply open_raw(Exchange& exchange, std::string_view server_name, std::shared_ptr<RawCount>& counted);

}  // namespace weir
