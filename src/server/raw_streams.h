// Raw streams: connections that are passed on as bytes. The table of contents of their way.
//
// Idea: a stream is an exchange without messages. It takes a route as a request does, passes the filters in front of
// it, and the service answers with a tunnel to an endpoint; then the one relay of the program moves bytes both ways. So
// a stream has a line in the access log, a story, decisions, a place in the counts of its route, and everything that an
// upstream knows of balancing, health and failing connects.
//
//   sender      server/connection.cc     a PROXY header, TLS where it is opened here: as for HTTP
//   hello       net/tls/client_hello.h   TLS that is passed on: the name it asks for is read, no byte is taken
//   route       server/raw_listener.h    listener and name -> route; pure
//   filters     filters/*/               those that need no HTTP
//   service     services/proxy/          upstream/attempt: pick, connect, another endpoint when that fails
//   tunnel      server/tunnel.h          bytes both ways (server/relay.h), half-close, idle and age
//
// Invariants
//   (1) The client's bytes reach the upstream as they came, those that were looked at included.
#pragma once

#include <span>

#include "contracts/observer.h"
#include "contracts/session.h"
#include "server/raw_exchange.h"

namespace weir {

class RawStreams final : public ServerProtocol {
 public:
  /// \param observers  told about every stream at its end; must outlive this
  explicit RawStreams(std::span<Observer* const> observers) : observers_(observers) {}

  Task<void> serve(ServerContext& context, Inbox& inbox) const override;
  [[nodiscard]] std::span<Observer* const> observers() const { return observers_; }

 private:
  std::span<Observer* const> observers_;
};

}  // namespace weir
