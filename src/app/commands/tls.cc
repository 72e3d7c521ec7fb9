// `weir tls doctor HOST[:PORT]|FILE`: what is wrong with a server's certificates, whose fault it is, what to do.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <expected>
#include <string>
#include <utility>

#include "app/commands/commands.h"
#include "app/wall_clock.h"
#include "base/limits.h"
#include "net/address.h"
#include "net/tls/examination.h"
#include "runtime/file_content.h"

namespace weir {
namespace {

constexpr std::uint16_t https_port = 443;
constexpr timeval patience{.tv_sec = 10, .tv_usec = 0};

/// A connected socket, or why there is none.
std::expected<int, std::string> connect_to(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int why = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
      why != 0)
    return std::unexpected(fmt::format("{} cannot be found: {}", endpoint.host, ::gai_strerror(why)));
  std::string last = "no address";
  int connected = -1;
  for (const addrinfo* each = found; each != nullptr && connected < 0; each = each->ai_next) {
    const int socket = ::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (::connect(socket, each->ai_addr, each->ai_addrlen) == 0) {
      connected = socket;
    } else {
      last = ::strerrordesc_np(errno);
      ::close(socket);
    }
  }
  ::freeaddrinfo(found);
  if (connected < 0) return std::unexpected(fmt::format("{} cannot be reached: {}", endpoint.text(), last));
  return connected;
}

std::string day_of(WallTime time) {
  return fmt::format("{:%Y-%m-%d}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time))));
}

void print(const tls::Examination& examination) {
  if (!examination.version.empty()) fmt::print("{}, {}\n", examination.version, examination.cipher);
  std::string indent;
  for (const tls::ShownCertificate& each : examination.chain) {
    fmt::print("{}{}{} ({}, {} to {})\n", indent, indent.empty() ? "" : "issued by ", each.subject, each.key,
               day_of(each.from), day_of(each.until));
    if (indent.empty() && !each.names.empty()) fmt::print("  for {}\n", fmt::join(each.names, ", "));
    indent += "  ";
  }
  if (!examination.chain.empty() && examination.chain.back().subject != examination.chain.back().issuer)
    fmt::print("{}issued by {} (not sent)\n", indent, examination.chain.back().issuer);
  if (!examination.revocation.empty()) fmt::print("{}\n", examination.revocation);
  if (examination.good()) fmt::print("All is well.\n");
  for (const tls::Diagnosis& each : examination.diagnoses)
    fmt::print("{} is at fault: {}\n  {}\n", tls::name_of(each.fault), each.what, each.advice);
}

/// The file that an option names, or nothing; says what is wrong with it.
std::expected<std::string, int> file_of(const Arguments& arguments, std::string_view option) {
  const auto file = arguments.value_of(option);
  if (!file) return std::string();
  auto content = read_file(std::string(*file), limits::tls_file_bytes);
  if (!content) return std::unexpected(usage_error("tls", fmt::format("cannot read {}: {}", *file, content.error())));
  return std::move(content->bytes);
}

std::expected<tls::Examination, int> examine(const std::string& what, tls::Inquiry inquiry, std::string_view staple) {
  if (::access(what.c_str(), F_OK) == 0) {
    const auto content = read_file(what, limits::tls_file_bytes);
    if (!content) return std::unexpected(usage_error("tls", fmt::format("cannot read {}: {}", what, content.error())));
    return tls::examine_chain(content->bytes, inquiry, staple);
  }
  const auto endpoint = parse_endpoint(what, https_port);
  if (!endpoint || endpoint->host.empty())
    return std::unexpected(usage_error("tls", fmt::format("\"{}\" is neither a file nor HOST[:PORT]", what)));
  auto first = connect_to(*endpoint);
  if (!first) {
    fmt::print(stderr, "{}\n", first.error());
    return std::unexpected(exit_failed);
  }
  if (inquiry.host.empty()) inquiry.host = endpoint->host;
  std::signal(SIGPIPE, SIG_IGN);  // a server that hangs up is something to tell of
  int waiting = *first;
  const auto connect = [&] {
    const int ready = std::exchange(waiting, -1);
    return ready >= 0 ? ready : connect_to(*endpoint).value_or(-1);
  };
  return tls::examine_server(connect, inquiry);
}

}  // namespace

int tls_command(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.positionals();
  if (words.size() != 2 || words[0] != "doctor") return usage_error("tls", "write weir tls doctor HOST[:PORT]|FILE");
  const auto authorities = file_of(arguments, "authorities");
  if (!authorities) return authorities.error();
  const auto revocation = file_of(arguments, "revocation");
  if (!revocation) return revocation.error();
  const auto staple = file_of(arguments, "ocsp");
  if (!staple) return staple.error();
  const tls::Inquiry inquiry{.host = std::string(arguments.value_of("name").value_or("")),
                             .authorities = *authorities,
                             .revocation = *revocation,
                             .now = wall_now()};
  const auto examination = examine(words[1], inquiry, *staple);
  if (!examination) return examination.error();
  print(*examination);
  return examination->good() ? 0 : exit_failed;
}

}  // namespace weir
