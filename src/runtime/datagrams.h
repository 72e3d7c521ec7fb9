// Datagrams of many senders on one socket: what a listener of UDP needs beside Io's connected sockets.
//
// Idea: nobody waits in an op. The socket is watched (Io::watch), and whoever is told takes datagrams until none is
// left: a receive that says who sent is a call, not a wait. Sending never waits either: a datagram that the kernel has
// no room for is lost, as it may be anywhere on its way.
//
// Invariants every backend keeps (runtime/datagrams_test runs on all)
//   (1) Who watches is told after anything has come that receive_from() would not have taken when it last said -EAGAIN.
//   (2) A datagram keeps its bounds; what does not fit into `room` is lost.
//   (3) What is sent to the sender of a datagram, with that datagram's ends, comes from the address that it was sent
//   to.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "runtime/io.h"
#include "runtime/socket_address.h"

namespace weir {

/// Whose a datagram is, and which of the machine's addresses it came to.
struct DatagramEnds {
  SocketAddress peer;
  std::array<std::uint8_t, 16> own{};  ///< as IPv6, IPv4 mapped; zeros: that of the socket
  friend bool operator==(const DatagramEnds&, const DatagramEnds&) = default;
};

}  // namespace weir
