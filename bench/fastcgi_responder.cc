// The application behind the FastCGI rows: answers of 1 KiB, as cheap as an honest responder can be.
//
// Problem: php-fpm costs a hundred times what a proxy costs; behind it nothing could be seen of the proxy.
// Idea: as in origin.cc: epoll, edge triggered, one ready buffer sent in one call, and a counter in a mapped file. It
// reads every record of a request to the end of STDIN and looks at nothing but the flag that asks it to keep the
// connection (FastCGI 1.0 section 5.1).
#include "support.h"

namespace weir::bench {
namespace {

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

class Responder final : public Server<Responder, Connection> {
 public:
  Responder(const sockaddr_in& address, std::atomic<std::uint64_t>& answered) : Server(address), answered_(answered) {}

 private:
  friend Server;

  void serve(Connection& connection, unsigned) {
    for (;;) {
      const auto [got, bytes] = receive_from(connection);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return finish(connection);
      connection.unread.append(bytes);
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

  std::atomic<std::uint64_t>& answered_;
  std::string answer_ = make_answer();
};

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  const Options options(argc, argv, "[--listen IPV4:PORT] [--counter FILE]", {"--listen", "--counter"});
  raise_descriptor_limit();
  Responder responder(parse_address(options.text("--listen", "127.0.0.1:0")),
                      map_counter(options.text("--counter", "")));
  responder.run();
}
