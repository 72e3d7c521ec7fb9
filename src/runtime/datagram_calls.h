// The system calls behind datagrams of many senders: binding, and telling which of our own addresses was meant.
//
// Problem: a socket on all addresses answers from whichever the kernel likes, and a client that asked another one takes
// no such answer. Idea: the kernel tells with each datagram where it was sent to (IP_PKTINFO, IPV6_PKTINFO; RFC 3542
// section 6), and is told so with each answer.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "runtime/datagrams.h"

namespace weir {

/// \errors  os_error: the address is taken or not of this machine, no descriptor left
Result<int> open_datagram_socket(const SocketAddress& address, bool reuse_port);
/// An IP address as DatagramEnds::own has it.
std::array<std::uint8_t, 16> own_of(const SocketAddress& address);
/// \returns  bytes, or -errno
std::int64_t receive_datagram(int fd, std::span<char> room, DatagramEnds& ends);
std::int64_t send_datagram(int fd, std::string_view datagram, const DatagramEnds& ends);

}  // namespace weir
