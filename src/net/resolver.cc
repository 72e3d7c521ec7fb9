// getaddrinfo, on another thread.
#include "net/resolver.h"

#include <netdb.h>

#include <cstring>

#include "runtime/elsewhere.h"

namespace weir {
namespace {

using Addresses = Result<std::vector<UpstreamAddress>>;

Addresses look_up(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(endpoint.port);
  if (::getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &found) != 0) {
    return fail(upstream_error(Code::resolve_failed).with(Retry::unsent));
  }
  std::vector<UpstreamAddress> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    UpstreamAddress& address = addresses.emplace_back();
    std::memcpy(&address.address.storage, entry->ai_addr, entry->ai_addrlen);
    address.address.length = entry->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return addresses;
}

}  // namespace

Task<Result<std::vector<UpstreamAddress>>> SystemResolver::resolve(Reactor& reactor, const Endpoint& endpoint) {
  if (auto literal = socket_address(endpoint)) {
    co_return std::vector<UpstreamAddress>{UpstreamAddress{*literal}};
  }
  CO_TRY(Addresses found, co_await elsewhere<Addresses>(reactor, [&](auto done) {
           executor_.run([endpoint, done = std::move(done)]() mutable { done(look_up(endpoint)); });
         }));
  co_return found;
}

}  // namespace weir
