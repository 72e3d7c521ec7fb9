// An address as the kernel takes it: IPv4, IPv6 or unix.
//
// The bytes of sockaddr, held by value and compared by value. What an address means (parsing, CIDR, trust) is
// net/address's business.
#pragma once

#include <sys/socket.h>

#include <cstring>

namespace weir {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] int family() const { return storage.ss_family; }
  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }

  friend bool operator==(const SocketAddress& left, const SocketAddress& right) {
    return left.length == right.length && std::memcmp(&left.storage, &right.storage, left.length) == 0;
  }
};

}  // namespace weir
