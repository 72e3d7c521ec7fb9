// What a connection to an upstream begins with, where the upstream wants to know whose it is: a PROXY header.
//
// Idea: it names the ends of the client's connection, as they were found or as a trusted sender in front said them, and
// carries what is known of it: the vectors that came are kept, and where Weir itself spoke TLS it says what was agreed
// on. The header is the same for all requests of one client connection, and nobody else has the same: so the pool keeps
// connections apart by its bytes (upstream/pool.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "contracts/session.h"
#include "net/proxy_protocol.h"

namespace weir {

/// A protocol whose connections may begin with an introduction, and then carry one client's requests.
class IntroducingProtocol : public ClientProtocol {
 public:
  /// Opens a session. \param introduction  what is said first, before TLS and all else of the protocol; may be empty
  /// \errors  those of connect()
  virtual Task<Result<std::unique_ptr<ClientSession>>> introduce(Shard& shard, const UpstreamAddress& address,
                                                                 const UpstreamTimeouts& timeouts,
                                                                 Watcher* idle_watcher,
                                                                 std::string_view introduction) const = 0;
  Task<Result<std::unique_ptr<ClientSession>>> connect(Shard& shard, const UpstreamAddress& address,
                                                       const UpstreamTimeouts& timeouts,
                                                       Watcher* idle_watcher) const final {
    return introduce(shard, address, timeouts, idle_watcher, {});
  }
};

/// Connects, and says `introduction` where there is one, within `timeout`. \errors  those of connect()
Task<Result<std::unique_ptr<Stream>>> connect_and_say(Reactor& reactor, const UpstreamAddress& address,
                                                      Duration timeout, std::string_view introduction);

/// Pure. The text is in the arena. \param proxied  what a sender in front said of the connection; null: nobody did
std::string_view introduction_of(const ConnectionFacts& client, const proxy_protocol::Facts* proxied,
                                 proxy_protocol::Version version, Arena& arena);

/// For a connection of our own, such as a check. \param ours, theirs  ends of the socket, which version 1 has to name
std::string introduction_of_gateway(const SocketAddress& ours, const SocketAddress& theirs,
                                    proxy_protocol::Version version);

}  // namespace weir
