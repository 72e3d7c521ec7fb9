// Bounds of raw streams: what base/limits.h is for everything else, for the few files that pass bytes on.
#pragma once

#include "base/units.h"

namespace weir::limits {

/// Bytes until the ClientHello of a connection that is passed on unopened is whole, heads of records included. Browsers
/// send 0.6 KiB, with post-quantum keys 1.8; OpenSSL takes 128 KiB, which nobody has ever needed.
inline constexpr std::size_t client_hello_bytes = 16 * 1024;
/// Conversations of one UDP listener, in the whole process, where the configuration does not say. Each holds a socket.
inline constexpr std::uint64_t udp_sessions = 10'000;
/// How long one may be silent, where the configuration does not say. nginx waits for 10 minutes, at which each question
/// to a resolver would hold a socket for as long.
inline constexpr Duration udp_idle = std::chrono::seconds{30};
/// Datagrams of one client that wait until its server's socket is there, or takes them: a burst.
inline constexpr std::size_t udp_waiting = 64;

}  // namespace weir::limits
