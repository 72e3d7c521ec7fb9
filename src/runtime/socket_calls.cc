// The calls behind socket_calls.h.
#include "runtime/socket_calls.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace weir {
namespace {

void set_option(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof(value));
}

bool is_tcp(const SocketAddress& address) {
  return address.family() == AF_INET || address.family() == AF_INET6;
}

const char* unix_path(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_un*>(address.raw())->sun_path;
}

// A socket file that nobody listens on is left over from a process that died; one that answers belongs to somebody.
void remove_dead_socket_file(const SocketAddress& address) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return;
  if (::connect(probe, address.raw(), address.length) != 0 && errno == ECONNREFUSED) {
    ::unlink(unix_path(address));
  }
  ::close(probe);
}

}  // namespace

Result<int> open_socket(const SocketAddress& address, SocketKind kind) {
  const int type = kind == SocketKind::datagram ? SOCK_DGRAM : SOCK_STREAM;
  const int fd = ::socket(address.family(), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(os_error(errno));
  if (kind == SocketKind::stream && is_tcp(address)) send_without_delay(fd);
  return fd;
}

Result<int> open_listening_socket(const SocketAddress& address, ListenOptions options) {
  TRY(const int fd, open_socket(address, SocketKind::stream));
  if (address.family() == AF_UNIX) remove_dead_socket_file(address);
  if (is_tcp(address)) {
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuse_port) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (address.family() == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  // Between bind and listen nobody can connect yet, so there is no moment in which the mode is too wide.
  const auto restrict = [&] {
    return !options.owner_only || address.family() != AF_UNIX || ::chmod(unix_path(address), S_IRUSR | S_IWUSR) == 0;
  };
  if (::bind(fd, address.raw(), address.length) != 0 || !restrict() || ::listen(fd, options.backlog) != 0) {
    const Error error = os_error(errno);
    ::close(fd);
    return fail(error);
  }
  return fd;
}

// A filter in the kernel's classic language sees a segment from its TCP header on. Byte 13 holds the flags; the one
// that opens a handshake has SYN (2) without ACK (16).
void begin_no_handshake(int fd) {
  constexpr std::uint32_t drop = 0;
  constexpr std::uint32_t pass = ~std::uint32_t{0};
  std::array<sock_filter, 5> code{{
      {.code = BPF_LD | BPF_B | BPF_ABS, .jt = 0, .jf = 0, .k = 13},
      {.code = BPF_ALU | BPF_AND | BPF_K, .jt = 0, .jf = 0, .k = 0x12},
      {.code = BPF_JMP | BPF_JEQ | BPF_K, .jt = 0, .jf = 1, .k = 0x02},
      {.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = drop},
      {.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = pass},
  }};
  sockaddr_storage own{};
  socklen_t length = sizeof(own);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length) != 0 || own.ss_family == AF_UNIX) return;
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

void send_without_delay(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

}  // namespace weir
