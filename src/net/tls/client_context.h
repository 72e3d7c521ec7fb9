// How TLS is spoken to a server: whom to believe, which name to expect, what to show, what to resume.
//
// Idea: a connection is believed when its certificate leads to a trusted authority and names the server that was meant.
// That is the default; whoever switches it off says so in the configuration. Tickets that a server gives are kept by
// whoever made the connection (SavedSession), so that the next one is cheaper.
//
// Invariants
//   (1) Immutable, shared by all cores.
//   (2) With verification on, a handshake that ends well has proven chain, time and name.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls/engine.h"
#include "net/tls/identity.h"

struct ssl_ctx_st;
struct ssl_session_st;

namespace weir::tls {

struct ClientSettings {
  bool verify = true;
  std::string authorities;       ///< PEM: whom to believe; empty: the machine's own list
  std::string revocation;        ///< PEM: lists of certificates that were revoked; empty: nobody asks
  std::string name;              ///< of the server, for SNI and its certificate; an address is checked as one.
                                 ///< Empty: connect() is told
  std::string certificate_name;  ///< expected in the certificate, where it is another than `name`
  std::string certificate_uri;   ///< expected there, alone of its kind; with /* at its end: below it. Empty: none
  bool checks_name = true;       ///< off only where a URI says who the server is
  Version oldest = Version::tls_1_2;
  Version newest = Version::tls_1_3;
  std::string ciphers;                       ///< of TLS 1.2, as OpenSSL writes them; empty: its own choice
  std::vector<std::string> protocols;        ///< for ALPN, most wanted first; empty: none are offered
  std::shared_ptr<const Identity> identity;  ///< shown when the server asks; null: none
};

/// The last ticket of one server, of one core.
class SavedSession {
 public:
  SavedSession() = default;
  SavedSession(const SavedSession&) = delete;
  SavedSession& operator=(const SavedSession&) = delete;
  ~SavedSession();

 private:
  friend class ClientContext;
  friend struct ClientCallbacks;
  ssl_session_st* session_ = nullptr;
};

class ClientContext : public std::enable_shared_from_this<ClientContext> {
 public:
  /// \returns  or why not, for people
  static std::expected<std::shared_ptr<const ClientContext>, std::string> make(const ClientSettings& settings);
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  /// For a connection that was opened. \param saved  gives its ticket away, and is given new ones; null: no resumption.
  /// Shared with the connection, which may outlive its owner. One server's, by one name: who resumes proves no name.
  /// \param host  the server's name where the settings have none
  [[nodiscard]] std::unique_ptr<Engine> connect(Workbench& bench, const std::shared_ptr<SavedSession>& saved,
                                                const std::string& host = {}) const;
  [[nodiscard]] const ClientSettings& settings() const { return settings_; }
  /// The same text for contexts that believe and show the same.
  [[nodiscard]] std::string fingerprint() const;

 private:
  friend struct ClientCallbacks;
  ClientContext() = default;

  ClientSettings settings_;
  std::string offered_;
  ssl_ctx_st* context_ = nullptr;
};

/// Whether the URI of a certificate is the expected one: the same, or below what ends in `/*`.
bool covers_uri(std::string_view expected, std::string_view uri);

/// Where the machine keeps the authorities it trusts: Debian's place, or what SSL_CERT_FILE says.
std::string system_authorities();

}  // namespace weir::tls
