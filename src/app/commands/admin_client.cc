// HTTP as small as it gets: the peer is Weir itself, and it closes the connection behind its answer.
#include "app/commands/admin_client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "app/default_admin.h"
#include "base/text.h"

namespace weir {
namespace {

/// A reload of 100,000 routes takes seconds, and whoever waits for it would rather wait than guess.
constexpr timeval patience{.tv_sec = 120, .tv_usec = 0};

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::string not_reached(const Endpoint& endpoint, int error_number) {
  std::string sentence = fmt::format("cannot reach weir at {}: {}", endpoint.text(), std::strerror(error_number));
  if (error_number == ENOENT || error_number == ECONNREFUSED)
    sentence += "; is it running, and is this its `admin:` address?";
  if (error_number == EACCES) sentence += "; only the user it runs as may";
  return sentence;
}

std::optional<std::string> send_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return fmt::format("weir did not take the request: {}", std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

/// \returns  empty at the end
std::expected<std::string, std::string> receive_some(int descriptor) {
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t size = ::recv(descriptor, buffer.data(), buffer.size(), 0);
    if (size >= 0) return std::string(buffer.data(), static_cast<std::size_t>(size));
    if (errno == EAGAIN)
      return std::unexpected(fmt::format("weir did not answer within {} s; does it hang?", patience.tv_sec));
    if (errno != EINTR) return std::unexpected(fmt::format("weir did not answer: {}", std::strerror(errno)));
  }
}

std::expected<std::string, std::string> receive_all(int descriptor) {
  std::string received;
  while (true) {
    auto piece = receive_some(descriptor);
    if (!piece) return piece;
    if (piece->empty()) return received;
    received += *piece;
  }
}

std::expected<AdminReply, std::string> read_reply(std::string_view received) {
  const std::size_t end = received.find("\r\n\r\n");
  if (!received.starts_with("HTTP/1.1 ") || received.size() < 12 || end == std::string_view::npos) {
    return std::unexpected("what answers there is not weir's admin address");
  }
  const auto status = text::parse_decimal(received.substr(9, 3));
  if (!status) return std::unexpected("what answers there is not weir's admin address");
  return AdminReply{.status = static_cast<int>(*status), .body = std::string(received.substr(end + 4))};
}

}  // namespace

std::string default_admin_address() {
  return "unix:" + default_admin_path();
}

namespace {

std::expected<Socket, std::string> connect_admin(std::string_view address) {
  if (address.empty()) {
    if (const auto untrusted = distrust_of_admin_folder(default_admin_path()))
      return std::unexpected(fmt::format("{}; {}", untrusted->sentence, untrusted->advice));
  }
  std::string written = address.empty() ? default_admin_address() : std::string(address);
  if (written.starts_with('/')) written.insert(0, "unix:");
  const auto endpoint = parse_endpoint(written);
  if (!endpoint)
    return std::unexpected(fmt::format("\"{}\" is not an address: write unix:/path or host:port", written));
  const auto socket_of = socket_address(*endpoint);
  if (!socket_of) return std::unexpected(fmt::format("\"{}\" is not an address of this machine", written));

  const auto* raw = reinterpret_cast<const sockaddr*>(&socket_of->storage);
  Socket socket(::socket(raw->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (::connect(socket.get(), raw, socket_of->length) != 0) return std::unexpected(not_reached(*endpoint, errno));
  return socket;
}

}  // namespace

std::expected<AdminReply, std::string> ask_admin(std::string_view address, std::string_view method,
                                                 std::string_view target) {
  auto socket = connect_admin(address);
  if (!socket) return std::unexpected(std::move(socket.error()));
  const std::string request = fmt::format(
      "{} {} HTTP/1.1\r\nhost: weir\r\nconnection: close\r\ncontent-length: 0\r\naccept: text/plain\r\n\r\n", method,
      target);
  if (auto problem = send_all(socket->get(), request)) return std::unexpected(std::move(*problem));
  auto received = receive_all(socket->get());
  if (!received) return std::unexpected(std::move(received.error()));
  return read_reply(*received);
}

// HTTP/1.0, so that the body is what comes until the end, without chunks.
std::expected<AdminReply, std::string> follow_admin(std::string_view address, std::string_view target,
                                                    const std::function<bool(std::string_view)>& take) {
  auto socket = connect_admin(address);
  if (!socket) return std::unexpected(std::move(socket.error()));
  const std::string request = fmt::format("GET {} HTTP/1.0\r\nhost: weir\r\naccept: text/plain\r\n\r\n", target);
  if (auto problem = send_all(socket->get(), request)) return std::unexpected(std::move(*problem));
  std::string received;
  while (received.find("\r\n\r\n") == std::string::npos) {
    auto piece = receive_some(socket->get());
    if (!piece) return std::unexpected(std::move(piece.error()));
    if (piece->empty()) break;
    received += *piece;
  }
  auto reply = read_reply(received);
  if (!reply) return reply;
  if (reply->status != 200) {
    auto rest = receive_all(socket->get());
    if (rest) reply->body += *rest;
    return reply;
  }
  std::string lines = std::exchange(reply->body, {});
  while (take(lines)) {
    auto piece = receive_some(socket->get());
    if (!piece) return std::unexpected(std::move(piece.error()));
    if (piece->empty()) break;
    lines = std::move(*piece);
  }
  return reply;
}

std::string percent_encoded(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~')
      out += c;
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace weir
