// What a listener answers TLS with: certificates, versions, ciphers, protocols.
//
// Idea: certificates are put together to sets, of which each client is shown one: for a name, the first ECDSA, the
// first RSA and the first EdDSA certificate that cover it, an exact name before a wildcard. The client's hello picks
// the set by its SNI, and the library picks within it by what the client knows. Who names nothing, or something
// unknown, is shown the default.
//
// Invariants
//   (1) Immutable: a renewed certificate makes a new context; connections keep the one they began with.
//   (2) A set has one certificate of each kind of key at most.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/tls/challenge.h"
#include "net/tls/engine.h"
#include "net/tls/hello_record.h"
#include "net/tls/identity.h"
#include "net/tls/ticket_keys.h"

struct ssl_ctx_st;

namespace weir::tls {

/// What is asked of clients.
enum class ClientCertificates : std::uint8_t { off, optional, required };

/// What an authority says of a certificate, to be shown with it (ocsp.h).
struct Staple {
  std::string answer;  ///< DER; empty: there is none
  WallTime until{};    ///< not shown any more from then on
};

/// What clients are shown together.
struct Shown {
  std::shared_ptr<const Identity> identity;
  Staple staple{};
};

struct ServerSettings {
  std::vector<Shown> shown;          ///< at least one
  std::size_t shown_by_default = 0;  ///< which of them
  Version oldest = Version::tls_1_2;
  std::vector<std::string> protocols;   ///< for ALPN, most wanted first
  std::shared_ptr<TicketKeys> tickets;  ///< null: no resumption
  std::string scope;                    ///< tickets of another scope are not taken: the listener's name
  ClientCertificates clients = ClientCertificates::off;
  std::string client_authorities;           ///< PEM: whose certificates clients may show
  std::string client_revocation;            ///< PEM: lists of those of them that were revoked; empty: nobody asks
  unsigned client_depth = 3;                ///< certificates between a client's own and the authority
  bool tells_upstreams = false;             ///< of clients' certificates (RFC 9440)
  std::shared_ptr<HelloRecord> early_data;  ///< takes what comes with a hello, once each; null: none is taken
  std::shared_ptr<ChallengeCertificates> challenges;  ///< null: no authority looks for proofs here
};

class ServerContext : public std::enable_shared_from_this<ServerContext> {
 public:
  /// \returns  or why not, for people
  static std::expected<std::shared_ptr<const ServerContext>, std::string> make(const ServerSettings& settings);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  /// For a connection that was accepted.
  /// \param now    of the core: it moves the keys of tickets
  /// \param today  the same moment as people have it: what is stale by then is not shown
  [[nodiscard]] std::unique_ptr<Engine> accept(Workbench& bench, Time now, WallTime today) const;
  /// Which set of certificates a client that asks for this name is shown.
  [[nodiscard]] std::uint32_t set_for(std::string_view host) const;
  /// Whether a certificate names the host, so that it is not the default that answers for it.
  [[nodiscard]] bool knows(std::string_view host) const;
  /// Whether upstreams are to be told of clients' certificates.
  [[nodiscard]] bool tells_upstreams() const { return settings_.tells_upstreams; }
  /// Whether requests may come before the handshake is over (early_data.h).
  [[nodiscard]] bool takes_early_data() const { return settings_.early_data != nullptr; }

 private:
  friend struct ServerCallbacks;
  ServerContext() = default;

  const std::uint32_t* find(std::string_view host) const;

  ServerSettings settings_;
  std::string offered_;            // protocols as ALPN writes them
  std::vector<ssl_ctx_st*> sets_;  // the default's is the first
  std::map<std::string, std::uint32_t, std::less<>> exact_;
  std::map<std::string, std::uint32_t, std::less<>> wildcard_;  // by what follows "*"
  std::unordered_map<const x509_st*, const Staple*> staples_;   // of those that have one
};

}  // namespace weir::tls
