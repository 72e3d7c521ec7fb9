// One question to one name server, over UDP, and over TCP when the answer does not fit.
//
// Problem: whoever guesses a port of 16 bits and a number of 16 bits can answer in a server's name.
// Idea: each question goes out from a socket of its own, whose port the kernel draws and which takes datagrams from
// that server only; what is not the answer to this very question is passed over, a few times.
//
// Source: RFC 5452 (forged answers), RFC 7766 (DNS over TCP).
#pragma once

#include "net/dns/message.h"
#include "runtime/reactor.h"
#include "runtime/task.h"

namespace weir::dns {

/// \param number  unguessable
/// \param timeout  for both ways together
/// \errors  resolve_failed (origin upstream): malformed, a stranger who guesses, no answer in time; those of connect()
///          and Stream; canceled
Task<Result<Response>> ask(Reactor& reactor, SocketAddress server, Question question, std::uint16_t number,
                           bool with_edns, Duration timeout);

}  // namespace weir::dns
