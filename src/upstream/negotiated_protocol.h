// What is spoken to an upstream over TLS, when the two sides are to agree on it (ALPN, RFC 7301).
//
// Problem: which protocol a server speaks is known only when hands are shaken. Of one connection with HTTP/2 many
// requests want a place, of HTTP/1.1 each wants one of its own; and the first hundred requests to a server that nobody
// has met yet must not open a hundred connections to find out.
// Idea: whoever finds no place on a connection that stands goes through a gate, one at a time for each address and
// core, and looks again behind it. Once a server has chosen HTTP/1.1 nobody waits for anybody: each opens his own. What
// was chosen is believed until a handshake says otherwise. A tunnel that a server takes over HTTP/1.1 only gets a
// handshake in which nothing else is on offer.
//
// Invariants
//   (1) Each connection speaks what its own handshake agreed on, whatever was chosen before.
//   (2) Who waited at the gate for a connect that failed fails with it, and does not try for as long again.
//   (3) Each core touches only its own places.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "contracts/session.h"
#include "net/tls/client_context.h"
#include "runtime/gate.h"

namespace weir {

/// Connections to one address on one core, each shared by several exchanges: a session is a place on one of them.
class SharedSessions {
 public:
  virtual ~SharedSessions() = default;
  /// A place on a connection that has room; null: there is none.
  virtual std::unique_ptr<ClientSession> find() = 0;
  /// The first place on a new connection, which `stream` carries.
  virtual std::unique_ptr<ClientSession> begin(std::unique_ptr<Stream> stream, const UpstreamTimeouts& timeouts) = 0;
};

/// Makes the sessions of both protocols: the plug-ins that are chosen between.
struct NegotiableSessions {
  std::unique_ptr<ClientSession> (*http1)(Shard& shard, std::unique_ptr<Stream> stream, Watcher* idle_watcher);
  /// \param detour  for tunnels to a server that takes none over HTTP/2; null: there is none
  std::unique_ptr<SharedSessions> (*http2)(Shard& shard, const UpstreamAddress& address,
                                           std::shared_ptr<const ClientProtocol> detour);
};

class NegotiatedProtocol final : public ClientProtocol {
 public:
  /// \param context      offers the protocols that may be chosen: h2, and perhaps http/1.1
  /// \param http1_alone  HTTP/1.1 with nothing else on offer, for tunnels; null: that may not be chosen
  /// \param cores        that will use it
  NegotiatedProtocol(std::shared_ptr<const tls::ClientContext> context,
                     std::shared_ptr<const ClientProtocol> http1_alone, const NegotiableSessions& sessions,
                     unsigned cores);
  ~NegotiatedProtocol() override;

  /// \errors  those of connect_secured(); tls_failed when the server does not choose what was offered
  Task<Result<std::unique_ptr<ClientSession>>> connect(Shard& shard, const UpstreamAddress& address,
                                                       const UpstreamTimeouts& timeouts,
                                                       Watcher* idle_watcher) const override;

 private:
  struct Place;

  Place& place_of(Shard& shard, const UpstreamAddress& address) const;
  Task<Result<std::unique_ptr<ClientSession>>> open(Shard& shard, const UpstreamAddress& address,
                                                    const UpstreamTimeouts& timeouts, Watcher* idle_watcher,
                                                    Place& place) const;
  [[nodiscard]] bool http1_is_offered() const { return http1_alone_ != nullptr; }

  const std::shared_ptr<const tls::ClientContext> context_;
  const std::shared_ptr<const ClientProtocol> http1_alone_;
  const NegotiableSessions sessions_;
  // By addresses as text.
  mutable std::vector<std::map<std::string, std::unique_ptr<Place>>> of_core_;
};

}  // namespace weir
