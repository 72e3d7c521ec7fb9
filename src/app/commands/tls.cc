// `weir tls doctor HOST[:PORT]|FILE`: what is wrong with a server's certificates, whose fault it is, what to do.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <expected>

#include "app/commands/commands.h"
#include "base/limits.h"
#include "net/address.h"
#include "net/tls/examination.h"
#include "runtime/file_content.h"

namespace weir {
namespace {

constexpr std::uint16_t https_port = 443;
constexpr timeval patience{.tv_sec = 10, .tv_usec = 0};

WallTime wall_now() {
  // tidy: allow clock, what holds at this moment is asked
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

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
  if (examination.good()) fmt::print("All is well.\n");
  for (const tls::Diagnosis& each : examination.diagnoses)
    fmt::print("{} is at fault: {}\n  {}\n", tls::name_of(each.fault), each.what, each.advice);
}

}  // namespace

int tls_command(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.positionals();
  if (words.size() != 2 || words[0] != "doctor") return usage_error("tls", "write weir tls doctor HOST[:PORT]|FILE");
  std::string authorities;
  if (const auto file = arguments.value_of("authorities")) {
    const auto content = read_file(std::string(*file), limits::tls_file_bytes);
    if (!content) return usage_error("tls", fmt::format("cannot read {}: {}", *file, content.error()));
    authorities = content->bytes;
  }
  const std::string name(arguments.value_of("name").value_or(""));
  tls::Examination examination;
  if (::access(words[1].c_str(), F_OK) == 0) {
    const auto content = read_file(words[1], limits::tls_file_bytes);
    if (!content) return usage_error("tls", fmt::format("cannot read {}: {}", words[1], content.error()));
    examination = tls::examine_chain(content->bytes, name, authorities, wall_now());
  } else {
    const auto endpoint = parse_endpoint(words[1], https_port);
    if (!endpoint || endpoint->host.empty())
      return usage_error("tls", fmt::format("\"{}\" is neither a file nor HOST[:PORT]", words[1]));
    const auto socket = connect_to(*endpoint);
    if (!socket) {
      fmt::print(stderr, "{}\n", socket.error());
      return exit_failed;
    }
    examination = tls::examine_server(*socket, name.empty() ? endpoint->host : name, authorities, wall_now());
    ::close(*socket);
  }
  print(examination);
  return examination.good() ? 0 : exit_failed;
}

}  // namespace weir
