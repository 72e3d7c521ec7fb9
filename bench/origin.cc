// The origin behind every benchmark: answers of a fixed size, as cheap as an honest HTTP/1.1 server can be.
//
// Problem: generator and origin share the core that the proxy does not use. An origin that costs more than the proxy
// leaves the proxy idle, and what is measured then is how proxies wake up, not what a request costs them.
// Idea: epoll, edge triggered; each path's answer is one ready buffer (head with Server, Date, Content-Type,
// Content-Length, Last-Modified, ETag; then the body) that is sent in one call. Date is patched once a second.
// Paths are sizes: /0, /512, /1k, /100k, /2m. Anything else is 404 with an empty body.
//
// The count of answers lives in a mapped file (--counter FILE, one 64-bit number): whoever measures reads it and the
// proxy's CPU time in the same moment, so warm-up, connecting and the generator's own idea of time do not matter.
//
// It is a bench origin: requests without bodies, persistent connections always (the client closes).
//
// Invariants
//   (1) While `unsent` is non-empty, no further request of that connection is answered.
//   (2) `partial` holds the beginning of a request head whose end has not arrived; it never holds a whole one
//       unless (1) holds it back.

#include <array>
#include <memory>

#include "support.h"

namespace weir::bench {
namespace {

constexpr std::size_t body_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t head_bytes_max = 64 * 1024;

/// "/100k" to 102,400; -1 for what is not a size.
[[nodiscard]] std::int64_t size_of_path(std::string_view path) {
  std::size_t size = 0;
  if (path.size() < 2) return -1;
  const char* const end = path.data() + path.size();
  const auto [stop, error] = std::from_chars(path.data() + 1, end, size);
  const std::string_view unit{stop, static_cast<std::size_t>(end - stop)};
  if (error != std::errc{} || (!unit.empty() && unit != "k" && unit != "m")) return -1;
  if (size > body_bytes_max) return -1;
  size *= unit == "k" ? 1024 : unit == "m" ? 1024 * 1024 : 1;
  return size <= body_bytes_max ? static_cast<std::int64_t>(size) : -1;
}

[[nodiscard]] std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};  // IMF-fixdate, always 29 bytes (RFC 9110 section 5.6.7)
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

/// One path's whole answer, ready to send.
struct Answer {
  std::string path;
  std::string bytes;
  std::size_t date_at = 0;
};

[[nodiscard]] Answer make_answer(std::string_view path) {
  const std::int64_t size = size_of_path(path);
  const std::size_t body_bytes = size < 0 ? 0 : static_cast<std::size_t>(size);
  Answer answer{.path = std::string{path}, .bytes = {}};
  answer.bytes = size < 0 ? "HTTP/1.1 404 Not Found\r\n" : "HTTP/1.1 200 OK\r\n";
  answer.bytes += "Server: bench-origin\r\nDate: ";
  answer.date_at = answer.bytes.size();
  answer.bytes += http_date();
  answer.bytes += "\r\nContent-Type: application/octet-stream\r\nContent-Length: " + std::to_string(body_bytes);
  answer.bytes += "\r\nLast-Modified: Thu, 05 Nov 2026 09:00:00 GMT\r\nETag: \"6729de10-" + std::to_string(body_bytes);
  answer.bytes += "\"\r\nAccept-Ranges: bytes\r\n\r\n";
  answer.bytes.append(body_bytes, 'w');
  return answer;
}

struct Connection {
  int descriptor = -1;
  std::string partial;      // (2)
  std::string_view unsent;  // (1) the rest of an answer; answers live as long as the program
  bool closed = false;
};

class Origin final : public Server<Origin, Connection> {
 public:
  Origin(const sockaddr_in& address, std::atomic<std::uint64_t>& answered) : Server(address), answered_(answered) {}

 private:
  friend Server;

  void between_batches() { refresh_dates(); }

  void serve(Connection& connection, unsigned events) {
    if ((events & EPOLLOUT) != 0 && !connection.unsent.empty() && !resume(connection)) return;
    const bool hung_up = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (hung_up || (events & EPOLLIN) != 0) receive(connection, hung_up);
  }

  void receive(Connection& connection, bool hung_up) {
    for (;;) {
      const auto [got, bytes] = receive_from(connection);
      if (got == 0 || (got < 0 && errno != EAGAIN)) return finish(connection);
      if (got < 0) return;
      if (!answer_all(connection, bytes)) return finish(connection);
      if (bytes.size() < scratch_bytes && !hung_up) return;
    }
  }

  /// Answers every whole request in `bytes`, keeping the rest. False when the connection should end.
  bool answer_all(Connection& connection, std::string_view bytes) {
    std::string joined;
    if (!connection.partial.empty()) {
      joined = std::move(connection.partial) + std::string{bytes};
      connection.partial.clear();
      bytes = joined;
    }
    while (connection.unsent.empty()) {
      const std::size_t end = bytes.find("\r\n\r\n");
      if (end == std::string_view::npos) break;
      if (!answer(connection, bytes.substr(0, end))) return false;
      bytes.remove_prefix(end + 4);
    }
    if (!bytes.empty()) connection.partial.assign(bytes);
    return connection.partial.size() <= head_bytes_max;
  }

  bool answer(Connection& connection, std::string_view head) {
    const std::size_t path_at = head.find(' ') + 1;
    const std::size_t path_end = head.find(' ', path_at);
    if (path_at == 0 || path_end == std::string_view::npos) return false;
    connection.unsent = answer_for(head.substr(path_at, path_end - path_at)).bytes;
    answered_.store(answered_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return send_rest(connection);
  }

  static bool send_rest(Connection& connection) {
    const std::string_view rest = connection.unsent;
    const ssize_t sent = send(connection.descriptor, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    connection.unsent.remove_prefix(static_cast<std::size_t>(sent));
    return true;
  }

  bool resume(Connection& connection) {
    if (send_rest(connection) && (!connection.unsent.empty() || answer_all(connection, {}))) return true;
    finish(connection);
    return false;
  }

  const Answer& answer_for(std::string_view path) {
    for (const auto& answer : answers_) {
      if (answer->path == path) return *answer;
    }
    if (size_of_path(path) < 0 || answers_.size() == paths_max) return not_found_;
    return *answers_.emplace_back(std::make_unique<Answer>(make_answer(path)));
  }

  void refresh_dates() {
    timespec time{};
    clock_gettime(CLOCK_REALTIME_COARSE, &time);
    if (time.tv_sec == dated_at_) return;
    dated_at_ = time.tv_sec;
    const std::string date = http_date();
    for (const auto& answer : answers_) answer->bytes.replace(answer->date_at, date.size(), date);
    not_found_.bytes.replace(not_found_.date_at, date.size(), date);
  }

  static constexpr std::size_t paths_max = 64;  // a bench asks for a handful of sizes

  std::atomic<std::uint64_t>& answered_;
  std::time_t dated_at_ = 0;
  std::vector<std::unique_ptr<Answer>> answers_;
  Answer not_found_ = make_answer("/not-a-size");
};

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  const Options options(argc, argv, "[--listen IPV4:PORT] [--counter FILE]", {"--listen", "--counter"});
  raise_descriptor_limit();
  Origin origin(parse_address(options.text("--listen", "127.0.0.1:0")), map_counter(options.text("--counter", "")));
  origin.run();
}
