// What the three bench programs share: command line, clock, sockets, and the epoll registration they agree on.
//
// Problem: a null proxy, an origin and a load generator each need a listener, a non-blocking connect and a clock,
// and a benchmark is only believable when all three treat sockets the same way.
// Idea: one header of small functions. These are tools, not the product: what cannot work ends the program with a
// sentence on stderr, and nothing here includes or links Weir, so that the floor never moves with what stands on it.
//
// Invariants
//   (1) Every socket is non-blocking, close-on-exec and has TCP_NODELAY: no side of a comparison waits for Nagle.
//   (2) Addresses are IPv4 loopback "127.0.0.1:PORT"; port 0 lets the kernel choose, bound_port() tells which.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::bench {

/// Prints "PROGRAM: what: reason" and ends the program with status 1.
[[noreturn]] inline void give_up(std::string_view what) {
  const int cause = errno;
  std::fprintf(stderr, "%s: %.*s%s%s\n", program_invocation_short_name, static_cast<int>(what.size()), what.data(),
               cause != 0 ? ": " : "", cause != 0 ? std::strerror(cause) : "");
  std::exit(1);
}

/// Command line of `--name value` pairs; a name may repeat, the last wins. Unknown names end the program with
/// status 64.
class Options {
 public:
  Options(int argc, char** argv, std::string_view usage, std::vector<std::string_view> known) {
    for (int at = 1; at < argc; at += 2) {
      const std::string_view name = argv[at];
      bool is_known = false;
      for (const std::string_view candidate : known) is_known |= candidate == name;
      if (!is_known || at + 1 >= argc) {
        std::fprintf(stderr, "usage: %s %.*s\n", program_invocation_short_name, static_cast<int>(usage.size()),
                     usage.data());
        std::exit(64);
      }
      pairs_.emplace_back(name, argv[at + 1]);
    }
  }

  [[nodiscard]] std::string text(std::string_view name, std::string_view fallback) const {
    std::string last{fallback};
    for (const auto& [key, value] : pairs_) {
      if (key == name) last = value;
    }
    return last;
  }

  [[nodiscard]] double number(std::string_view name, double fallback) const {
    const std::string value = text(name, "");
    if (value.empty()) return fallback;
    double parsed = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc{} || end != value.data() + value.size()) {
      errno = 0;
      give_up(std::string{name} + " wants a number, not '" + value + "'");
    }
    return parsed;
  }

  [[nodiscard]] std::vector<std::string> all(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [key, value] : pairs_) {
      if (key == name) values.push_back(value);
    }
    return values;
  }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

/// Nanoseconds of CLOCK_MONOTONIC.
[[nodiscard]] inline std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

[[nodiscard]] constexpr timespec to_timespec(std::int64_t duration_ns) {
  return {.tv_sec = duration_ns / 1'000'000'000, .tv_nsec = duration_ns % 1'000'000'000};
}

/// Makes short sleeps short: the kernel's default timer slack turns 50 us into 100 us and more.
inline void sharpen_timers() {
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

/// Raises the soft limit of open descriptors to the hard one: 10,000 relayed connections are 20,000 descriptors.
inline void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

[[nodiscard]] inline sockaddr_in parse_address(std::string_view text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const std::size_t colon = text.rfind(':');
  std::uint16_t port = 0;
  errno = 0;
  if (colon == std::string_view::npos) give_up("an address is IPV4:PORT");
  const std::string_view digits = text.substr(colon + 1);
  const std::string host{text.substr(0, colon)};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() ||
      inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    give_up("an address is IPV4:PORT, not '" + std::string{text} + "'");
  }
  address.sin_port = htons(port);
  return address;
}

inline void send_at_once(int descriptor) {
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

[[nodiscard]] inline int listen_on(const sockaddr_in& address) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (descriptor < 0 || bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(descriptor, 4096) != 0) {
    give_up("listen");
  }
  return descriptor;
}

[[nodiscard]] inline std::uint16_t bound_port(int descriptor) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) give_up("getsockname");
  return ntohs(address.sin_port);
}

/// One accepted connection, or -1 when the queue is empty (or descriptors are: then the client waits).
[[nodiscard]] inline int accept_from(int listener) {
  const int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor >= 0) send_at_once(descriptor);
  return descriptor;
}

/// Starts a connection; it may still be on its way when this returns. -1 with errno when it cannot start.
[[nodiscard]] inline int connect_to(const sockaddr_in& address) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  send_at_once(descriptor);
  const int outcome = connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (outcome == 0 || errno == EINPROGRESS) return descriptor;
  const int cause = errno;
  close(descriptor);
  errno = cause;
  return -1;
}

/// Registers a stream once, edge triggered, for everything it will ever tell: no epoll_ctl per request.
inline void watch(int epoll, int descriptor, void* owner) {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = owner}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) give_up("epoll_ctl");
}

/// Registers a listener, level triggered; its owner is nullptr, which no stream's is.
inline void watch_listener(int epoll, int listener) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) give_up("epoll_ctl");
}

/// The shared count of answers: `file` mapped, or plain memory when nobody wants to look.
[[nodiscard]] inline std::atomic<std::uint64_t>& map_counter(const std::string& file) {
  if (file.empty()) return *new std::atomic<std::uint64_t>{0};
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0 || ftruncate(descriptor, sizeof(std::uint64_t)) != 0) give_up("--counter");
  void* const mapped = mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (mapped == MAP_FAILED) give_up("--counter");
  return *new (mapped) std::atomic<std::uint64_t>{0};
}

/// A server on one thread and one epoll: accepts, reads into one scratch, frees what ended once nobody can name it.
///
/// `Derived` has `Connection` (made from a descriptor; `descriptor`, `closed`) and `void serve(Connection&, unsigned
/// events)`; between two batches of events its `between_batches()` is called.
template <typename Derived, typename Connection>
class Server {
 public:
  explicit Server(const sockaddr_in& address) : listener_(listen_on(address)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch_listener(epoll_, listener_);
  }

  [[noreturn]] void run() {
    std::printf("listening on 127.0.0.1:%u\n", bound_port(listener_));
    std::fflush(stdout);
    for (;;) {
      const int count = epoll_wait(epoll_, events_.data(), events_max, -1);
      self().between_batches();
      for (int at = 0; at < count; ++at) hand_out(events_[static_cast<std::size_t>(at)]);
      for (Connection* connection : closed_) delete connection;
      closed_.clear();
    }
  }

 protected:
  void between_batches() {}

  /// What has arrived, valid until the next call; its size as recv() tells it.
  std::pair<ssize_t, std::string_view> receive_from(const Connection& connection) {
    const ssize_t got = recv(connection.descriptor, scratch_.get(), scratch_bytes, 0);
    return {got, {scratch_.get(), got > 0 ? static_cast<std::size_t>(got) : 0}};
  }

  void finish(Connection& connection) {
    connection.closed = true;
    close(connection.descriptor);
    closed_.push_back(&connection);
  }

  static constexpr std::size_t scratch_bytes = 64 * 1024;

 private:
  static constexpr int events_max = 512;

  Derived& self() { return static_cast<Derived&>(*this); }

  void hand_out(const epoll_event& event) {
    if (event.data.ptr == nullptr) return accept_all();
    auto& connection = *static_cast<Connection*>(event.data.ptr);
    if (!connection.closed) self().serve(connection, event.events);
  }

  void accept_all() {
    for (int descriptor = accept_from(listener_); descriptor >= 0; descriptor = accept_from(listener_)) {
      auto* const connection = new Connection;
      connection->descriptor = descriptor;
      watch(epoll_, descriptor, connection);
    }
  }

  int listener_;
  int epoll_;
  std::unique_ptr<char[]> scratch_ = std::make_unique<char[]>(scratch_bytes);
  std::array<epoll_event, events_max> events_{};
  std::vector<Connection*> closed_;
};

}  // namespace weir::bench
