// How sockets come into being: created, given their options, bound.
//
// Idea: these are rare calls (a start, a reload, a new connection) that know about kinds of addresses; what happens on
// a socket afterwards, thousands of times a second, is epoll_io's and does not.
#pragma once

#include "base/result.h"
#include "runtime/io.h"
#include "runtime/socket_address.h"

namespace weir {

/// A socket that does not block, to connect to `address` with; the caller closes it.
/// \errors  os_error: no descriptor left, the kind of address is unknown here
Result<int> open_socket(const SocketAddress& address, SocketKind kind);

/// A socket that listens on `address` and does not block; the caller closes it. The file of a unix socket that nobody
/// listens on is replaced.
/// \errors  os_error: the address is taken or not of this machine, no descriptor left, no right to
Result<int> open_listening_socket(const SocketAddress& address, ListenOptions options);

/// A listening TCP socket begins no handshake any more; those that have begun come to their end and can be accepted.
/// Who knocks is not refused but unheard, and asks again after a second (RFC 6298 section 2). Nothing happens to a unix
/// socket.
void begin_no_handshake(int fd);

/// Small sends leave at once (TCP_NODELAY): each of ours is a whole head or piece. Nothing happens to a unix socket.
void send_without_delay(int fd);

}  // namespace weir
