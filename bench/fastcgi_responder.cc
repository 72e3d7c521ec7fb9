// The application behind the FastCGI rows: answers of 1 KiB, as cheap as an honest responder can be.
//
// Problem: php-fpm costs a hundred times what a proxy costs; behind it nothing could be seen of the proxy.
// Idea: as in origin.cc: epoll, edge triggered, one ready buffer sent in one call, and a counter in a mapped file. It
// reads every record of a request to the end of STDIN and looks at nothing but the flag that asks it to keep the
// connection (FastCGI 1.0 section 5.1).
#include <array>
#include <memory>

#include "support.h"

namespace weir::bench {
namespace {

constexpr std::size_t scratch_bytes = 64 * 1024;
constexpr int events_max = 512;
constexpr std::size_t header_bytes = 8;
constexpr unsigned char begin_request = 1;
constexpr unsigned char standard_input = 5;

[[nodiscard]] std::string record(char type, std::string_view content) {
  std::string bytes{1, type, 0, 1};
  bytes += static_cast<char>(content.size() >> 8);
  bytes += static_cast<char>(content.size() & 0xFF);
  return bytes.append(2, '\0').append(content);
}

[[nodiscard]] std::string make_answer() {
  const std::string head = "Content-Type: application/octet-stream\r\nX-Powered-By: bench\r\n\r\n";
  return record(6, head + std::string(1024, 'w')) + record(6, "") + record(3, std::string(8, '\0'));
}

struct Connection {
  int descriptor = -1;
  std::string unread;
  bool keep = true;
  bool closed = false;
};

class Responder {
 public:
  Responder(const sockaddr_in& address, std::atomic<std::uint64_t>& answered)
      : answered_(answered), listener_(listen_on(address)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch_listener(epoll_, listener_);
  }

  [[nodiscard]] std::uint16_t port() const { return bound_port(listener_); }

  [[noreturn]] void run() {
    for (;;) {
      const int count = epoll_wait(epoll_, events_.data(), events_max, -1);
      for (int at = 0; at < count; ++at) serve(events_[static_cast<std::size_t>(at)]);
      for (Connection* connection : closed_) delete connection;
      closed_.clear();
    }
  }

 private:
  void serve(const epoll_event& event) {
    if (event.data.ptr == nullptr) return accept_all();
    auto& connection = *static_cast<Connection*>(event.data.ptr);
    if (!connection.closed) receive(connection);
  }

  void accept_all() {
    for (int descriptor = accept_from(listener_); descriptor >= 0; descriptor = accept_from(listener_)) {
      watch(epoll_, descriptor, new Connection{.descriptor = descriptor, .unread = {}});
    }
  }

  void receive(Connection& connection) {
    for (;;) {
      const ssize_t got = recv(connection.descriptor, scratch_.get(), scratch_bytes, 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return finish(connection);
      connection.unread.append(scratch_.get(), static_cast<std::size_t>(got));
      if (!answer_all(connection)) return finish(connection);
    }
  }

  /// False when the connection should end.
  bool answer_all(Connection& connection) {
    std::string_view rest = connection.unread;
    while (rest.size() >= header_bytes) {
      const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(rest[at]); };
      const std::size_t content = byte(4) * 256U + byte(5);
      const std::size_t whole = header_bytes + content + byte(6);
      if (rest.size() < whole) break;
      if (byte(1) == begin_request) connection.keep = (byte(10) & 1) != 0;
      const bool over = byte(1) == standard_input && content == 0;
      rest.remove_prefix(whole);
      if (over && !answer(connection)) return false;
    }
    connection.unread.erase(0, connection.unread.size() - rest.size());
    return true;
  }

  bool answer(const Connection& connection) {
    const ssize_t sent = send(connection.descriptor, answer_.data(), answer_.size(), MSG_NOSIGNAL);
    answered_.store(answered_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return sent == static_cast<ssize_t>(answer_.size()) && connection.keep;
  }

  void finish(Connection& connection) {
    connection.closed = true;
    close(connection.descriptor);
    closed_.push_back(&connection);
  }

  std::atomic<std::uint64_t>& answered_;
  int listener_;
  int epoll_;
  std::string answer_ = make_answer();
  std::unique_ptr<char[]> scratch_ = std::make_unique<char[]>(scratch_bytes);
  std::array<epoll_event, events_max> events_{};
  std::vector<Connection*> closed_;
};

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  const Options options(argc, argv, "[--listen IPV4:PORT] [--counter FILE]", {"--listen", "--counter"});
  raise_descriptor_limit();
  Responder responder(parse_address(options.text("--listen", "127.0.0.1:0")),
                      map_counter(options.text("--counter", "")));
  std::printf("listening on 127.0.0.1:%u\n", responder.port());
  std::fflush(stdout);
  responder.run();
}
