// `weir tls doctor HOST[:PORT]|FILE`: what is wrong with a server's certificates, whose fault it is, what to do.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "app/commands/commands.h"
#include "app/wall_clock.h"
#include "base/limits.h"
#include "net/address.h"
#include "net/tls/examination.h"
#include "net/tls/pem_blocks.h"
#include "runtime/file_content.h"

namespace weir {
namespace {

constexpr std::uint16_t https_port = 443;
constexpr timeval patience{.tv_sec = 10, .tv_usec = 0};  // to be connected; the handshake has its own

/// A connected socket, or why there is none.
std::expected<int, std::string> connect_to(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int why = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
      why != 0)
    return std::unexpected(
        fmt::format("there is neither a file nor a host {}: {}", endpoint.host, ::gai_strerror(why)));
  std::string last = "no address";
  int connected = -1;
  for (const addrinfo* each = found; each != nullptr && connected < 0; each = each->ai_next) {
    const int socket = ::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
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

std::string line_of(const tls::ShownCertificate& certificate) {
  return fmt::format("{} ({}, {} to {})", certificate.subject, certificate.key, day_of(certificate.from),
                     day_of(certificate.until));
}

/// Each certificate below the one that it issued, in whatever order they came; then those that issued none of them.
void print_tree(std::vector<tls::ShownCertificate> chain) {
  if (chain.empty()) return;
  tls::ShownCertificate below = std::move(chain.front());
  chain.erase(chain.begin());
  fmt::print("{}\n", line_of(below));
  if (!below.names.empty()) fmt::print("  for {}\n", fmt::join(below.names, ", "));
  std::string indent = "  ";
  while (below.subject != below.issuer) {
    const auto above = std::ranges::find(chain, below.issuer, &tls::ShownCertificate::subject);
    if (above == chain.end()) {
      fmt::print("{}issued by {} (not sent)\n", indent, below.issuer);
      break;
    }
    below = std::move(*above);
    chain.erase(above);
    fmt::print("{}issued by {}\n", indent, line_of(below));
    indent += "  ";
  }
  for (const tls::ShownCertificate& each : chain) fmt::print("beside them {}\n", line_of(each));
}

void print(const tls::Examination& examination) {
  if (!examination.version.empty()) fmt::print("{}, {}\n", examination.version, examination.cipher);
  print_tree(examination.chain);
  if (!examination.revocation.empty()) fmt::print("{}\n", examination.revocation);
  if (examination.good()) fmt::print("All is well.\n");
  for (const tls::Diagnosis& each : examination.diagnoses)
    fmt::print("{} is at fault: {}\n  {}\n", tls::name_of(each.fault), each.what, each.advice);
}

/// What to do about a file in which there is no certificate; empty: there is one.
std::string complain_of_content(const std::string& content) {
  const std::vector<tls::PemBlock> blocks = tls::pem_blocks(content);
  if (std::ranges::any_of(blocks, &tls::PemBlock::is_certificate)) return {};
  if (content.starts_with('\x30')) return "it is in DER: openssl x509 -inform der -in FILE -out NEW, and name NEW";
  if (std::ranges::any_of(blocks, &tls::PemBlock::is_private_key)) return "it is a key: name the certificate";
  return "it has to begin with -----BEGIN CERTIFICATE-----";
}

/// The certificates that a file has; says what is wrong with it.
std::expected<std::string, int> certificates_of(const std::string& file) {
  auto content = read_file(file, limits::tls_file_bytes);
  if (!content) return std::unexpected(usage_error("tls", fmt::format("cannot read {}: {}", file, content.error())));
  if (const std::string complaint = complain_of_content(content->bytes); !complaint.empty())
    return std::unexpected(usage_error("tls", fmt::format("there is no certificate in {}; {}", file, complaint)));
  return std::move(content->bytes);
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
    const auto certificates = certificates_of(what);
    if (!certificates) return std::unexpected(certificates.error());
    return tls::examine_chain(*certificates, inquiry, staple);
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
  const auto named = arguments.value_of("authorities");
  const std::expected<std::string, int> authorities = named ? certificates_of(std::string(*named)) : std::string();
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
