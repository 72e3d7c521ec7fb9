// Control messages of both families.
#include "runtime/datagram_calls.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/socket_calls.h"

namespace weir {
namespace {

constexpr std::size_t mapped_bytes = 12;  // in front of an IPv4 address within IPv6 (RFC 4291 section 2.5.5.2)

using Control = std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))>;

void set_option(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof(value));
}

std::array<std::uint8_t, 16> mapped(const in_addr& address) {
  std::array<std::uint8_t, 16> own{};
  own[10] = own[11] = 0xFF;
  std::memcpy(own.data() + mapped_bytes, &address, sizeof(address));
  return own;
}

void read_own(const msghdr& message, DatagramEnds& ends) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
       each = CMSG_NXTHDR(const_cast<msghdr*>(&message), each)) {
    if (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(each), sizeof(info));
      std::memcpy(ends.own.data(), &info.ipi6_addr, ends.own.size());
    } else if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(each), sizeof(info));
      ends.own = mapped(info.ipi_addr);
    }
  }
}

template <typename Info>
void write_own(msghdr& message, Control& control, int level, int type, const Info& info) {
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(sizeof(info));
  cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = level;
  head->cmsg_type = type;
  head->cmsg_len = CMSG_LEN(sizeof(info));
  std::memcpy(CMSG_DATA(head), &info, sizeof(info));
}

}  // namespace

Result<int> open_datagram_socket(const SocketAddress& address, bool reuse_port) {
  TRY(const int fd, open_socket(address, SocketKind::datagram));
  if (reuse_port) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (address.family() == AF_INET6) {
    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  } else {
    set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
  }
  if (::bind(fd, address.raw(), address.length) == 0) return fd;
  const Error error = os_error(errno);
  ::close(fd);
  return fail(error);
}

std::array<std::uint8_t, 16> own_of(const SocketAddress& address) {
  if (address.family() == AF_INET) return mapped(reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr);
  std::array<std::uint8_t, 16> own{};
  std::memcpy(own.data(), &reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr, own.size());
  return own;
}

std::int64_t receive_datagram(int fd, std::span<char> room, DatagramEnds& ends) {
  ends = {};
  Control control{};
  iovec piece{.iov_base = room.data(), .iov_len = room.size()};
  msghdr message{.msg_name = &ends.peer.storage,
                 .msg_namelen = sizeof(ends.peer.storage),
                 .msg_iov = &piece,
                 .msg_iovlen = 1,
                 .msg_control = control.data(),
                 .msg_controllen = control.size()};
  const ssize_t count = ::recvmsg(fd, &message, 0);
  if (count < 0) return -errno;
  ends.peer.length = message.msg_namelen;
  read_own(message, ends);
  return count;
}

std::int64_t send_datagram(int fd, std::string_view datagram, const DatagramEnds& ends) {
  Control control{};
  iovec piece{.iov_base = const_cast<char*>(datagram.data()), .iov_len = datagram.size()};
  msghdr message{.msg_name = const_cast<sockaddr_storage*>(&ends.peer.storage),
                 .msg_namelen = ends.peer.length,
                 .msg_iov = &piece,
                 .msg_iovlen = 1};
  const bool known = std::ranges::any_of(ends.own, [](std::uint8_t byte) { return byte != 0; });
  if (known && ends.peer.family() == AF_INET6) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, ends.own.data(), ends.own.size());
    write_own(message, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
  } else if (known) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, ends.own.data() + mapped_bytes, sizeof(info.ipi_spec_dst));
    write_own(message, control, IPPROTO_IP, IP_PKTINFO, info);
  }
  const ssize_t count = ::sendmsg(fd, &message, MSG_NOSIGNAL);
  return count < 0 ? -errno : count;
}

}  // namespace weir
