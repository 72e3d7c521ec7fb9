// getaddrinfo, on another thread.
#include "net/resolver.h"

#include <netdb.h>

#include <cstring>
#include <string>

#include "runtime/elsewhere.h"

namespace weir {
namespace {

Result<ResolvedAddresses> look_up(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(endpoint.port);
  if (::getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &found) != 0) {
    return fail(upstream_error(Code::resolve_failed).with(Retry::unsent));
  }
  ResolvedAddresses resolved;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    SocketAddress& address = resolved.addresses.emplace_back().address.address;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.length = entry->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return resolved;
}

}  // namespace

std::optional<ResolvedAddresses> literal_addresses(const Endpoint& endpoint) {
  if (endpoint.service) return {};
  const Result<SocketAddress> literal = socket_address(endpoint);
  if (!literal) return {};
  return ResolvedAddresses{.addresses = {{.address = {*literal}}}};
}

Task<Result<ResolvedAddresses>> SystemResolver::resolve(Reactor& reactor, const Endpoint& endpoint) {
  if (auto literal = literal_addresses(endpoint)) co_return std::move(*literal);
  if (endpoint.service) {
    co_return fail(upstream_error(Code::resolve_failed, "the system's resolver knows no services").with(Retry::unsent));
  }
  CO_TRY(Result<ResolvedAddresses> found, co_await elsewhere<Result<ResolvedAddresses>>(reactor, [&](auto done) {
           executor_.run([endpoint, done = std::move(done)]() mutable { done(look_up(endpoint)); });
         }));
  co_return found;
}

}  // namespace weir
