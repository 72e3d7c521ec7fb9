// The ends, then what is known beyond them.
#include "upstream/introduction.h"

#include <algorithm>

#include "base/fault.h"
#include "base/limits.h"
#include "net/connect.h"

namespace weir {
namespace {

using proxy_protocol::append_vector;
using proxy_protocol::Header;
using proxy_protocol::next_vector;
using proxy_protocol::Speaks;
using proxy_protocol::Type;
using proxy_protocol::vector_head_bytes;

/// With the addresses in front of them they are not longer than what readers take, ourselves among them.
constexpr std::size_t vectors_bytes_max = limits::proxy_header_bytes - 36;

/// Section 2.2.6: flags, whether the certificate was verified (0: it was), then what was agreed on.
std::string tls_value(const tls::Facts& tls) {
  using namespace proxy_protocol;
  const bool shown = !tls.certificate.empty();
  unsigned flags = client_ssl;
  if (shown) flags |= client_certificate_in_session;
  if (shown && !tls.resumed) flags |= client_certificate_on_connection;
  std::string value{static_cast<char>(flags), 0, 0, 0, static_cast<char>(shown ? 0 : 1)};
  append_vector(value, Type::ssl_version, tls.version);
  append_vector(value, Type::ssl_cipher, tls.cipher);
  return value;
}

/// Whether a vector that came goes on: not what is true of the header it stood in alone, nor what is known better here.
bool is_kept(Type type, bool tls_is_ours) {
  switch (type) {
    case Type::crc32c:
    case Type::noop:
      return false;
    case Type::alpn:
    case Type::authority:
    case Type::ssl:
      return !tls_is_ours;
    default:
      return true;
  }
}

std::string vectors_of(const ConnectionFacts& client, const proxy_protocol::Facts* proxied) {
  std::string vectors;
  if (client.tls != nullptr) {
    if (!client.tls->protocol.empty()) append_vector(vectors, Type::alpn, client.tls->protocol);
    if (!client.tls->server_name.empty()) append_vector(vectors, Type::authority, client.tls->server_name);
    append_vector(vectors, Type::ssl, tls_value(*client.tls));
  }
  std::string_view came = proxied != nullptr ? std::string_view(proxied->header.vectors) : "";
  Type type{};
  std::string_view value;
  while (!came.empty() && next_vector(came, type, value)) {
    const bool fits = vectors.size() + vector_head_bytes + value.size() <= vectors_bytes_max;
    if (fits && is_kept(type, client.tls != nullptr)) append_vector(vectors, type, value);
  }
  return vectors;
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> connect_and_say(Reactor& reactor, const UpstreamAddress& address,
                                                      Duration timeout, std::string_view introduction) {
  const Time deadline = deadline_after(reactor.now(), timeout);
  CO_TRY(std::unique_ptr<Stream> stream, co_await connect(reactor, address, timeout));
  if (introduction.empty() || fault(Fault::introduction_forgotten)) co_return stream;
  const Duration left = time_left(reactor.now(), deadline);
  const Result<void> said = co_await stream->send(introduction, left);
  if (said) co_return stream;
  const bool late = said.error().code == Code::timed_out;
  co_return fail(said.error().as(late ? Code::connect_timeout : said.error().code).with(Retry::unsent));
}

std::string_view introduction_of(const ConnectionFacts& client, const proxy_protocol::Facts* proxied,
                                 proxy_protocol::Version version, Arena& arena) {
  Header header{.version = version, .vectors = {}};
  if (!client.client.over_unix) {
    header.speaks = Speaks::for_client;
    header.source = {client.client.peer, client.client.peer_port};
    header.destination = {client.local, client.local_port};
  }
  if (version == proxy_protocol::Version::v2) header.vectors = vectors_of(client, proxied);
  return arena.copy(proxy_protocol::compose(header));
}

std::string introduction_of_gateway(const SocketAddress& ours, const SocketAddress& theirs,
                                    proxy_protocol::Version version) {
  Header header{.version = version, .vectors = {}};
  if (version == proxy_protocol::Version::v2) {
    header.speaks = Speaks::for_itself;
  } else if (ours.family() != AF_UNIX) {
    header.speaks = Speaks::for_client;
    header.source = {IpAddress::of(ours), port_of(ours)};
    header.destination = {IpAddress::of(theirs), port_of(theirs)};
  }
  return proxy_protocol::compose(header);
}

}  // namespace weir
