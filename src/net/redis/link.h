// One connection to a Redis before anybody else uses it: opened, introduced, and its functions in place.
//
// Over TCP or a unix socket, in the clear or over TLS: open_link() is the only place that connects, and nobody behind
// it sees a difference. The password is said when the server has proven who it is, and not before.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/inbox.h"
#include "net/redis/resp.h"
#include "net/redis/settings.h"
#include "net/resolver.h"
#include "runtime/task.h"

namespace weir::redis {

struct Link {
  explicit Link(std::unique_ptr<Stream> stream_in)
      : stream(std::move(stream_in)), inbox(*stream), reader(limits::redis_answer_bytes) {}

  std::unique_ptr<Stream> stream;
  Inbox inbox;
  Reader reader;
  /// Where functions were refused: the digests by which EVALSHA finds their scripts, in the library's order.
  std::vector<std::string> script_digests;
};

/// What a core has for its handshakes; unused where the settings have no TLS.
struct LinkTls {
  tls::Workbench& bench;
  std::shared_ptr<tls::SavedSession> saved;  ///< of this server, by this address
};

/// Connects, shakes hands, says who we are (AUTH), chooses the database (SELECT), loads the library when it is missing.
/// \param events  is told how the handshake ended
/// \param words   gets what the server said against it, for people; never what we said
/// \errors  those of connecting, of the handshake and of receiving; credentials_refused, unexpected_bytes
Task<Result<std::unique_ptr<Link>>> open_link(Reactor& reactor, Resolver& resolver, const Endpoint& address,
                                              const Settings& settings, const LinkTls& tls, Events& events,
                                              std::string& words);

}  // namespace weir::redis
