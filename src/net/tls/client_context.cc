// The client's side of the library: verification, names, tickets.
#include "net/tls/client_context.h"

#include <openssl/x509_vfy.h>

#include <cstdlib>
#include <utility>

#include "base/crypto.h"
#include "base/invariant.h"
#include "base/limits.h"
#include "net/address.h"
#include "net/tls/certificate_text.h"
#include "net/tls/openssl.h"
#include "net/tls/revocation.h"

namespace weir::tls {

/// The library tells of each ticket that came.
struct ClientCallbacks {
  static int slot() {
    static const int number = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &let_go);
    return number;
  }

  static void let_go(void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<std::shared_ptr<SavedSession>*>(kept);
  }

  static int new_session(SSL* ssl, SSL_SESSION* session) {
    auto* kept = static_cast<std::shared_ptr<SavedSession>*>(SSL_get_ex_data(ssl, slot()));
    if (kept == nullptr) return 0;
    SSL_SESSION_free(std::exchange((*kept)->session_, session));
    return 1;  // it is ours now
  }

  /// The library has judged one certificate of the chain; the server's own comes last. A workload has exactly one URI
  /// (SPIFFE X.509-SVID section 2).
  static int judged(int good, X509_STORE_CTX* verification) {
    if (good != 1 || X509_STORE_CTX_get_error_depth(verification) != 0) return good;
    const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const auto& context = *static_cast<const ClientContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    const std::vector<std::string> uris = alternative_names(X509_STORE_CTX_get_current_cert(verification), GEN_URI);
    if (uris.size() == 1 && covers_uri(context.settings_.certificate_uri, uris.front())) return 1;
    X509_STORE_CTX_set_error(verification, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  }
};

namespace {

bool trust(SSL_CTX* context, const std::string& authorities) {
  if (authorities.empty()) return SSL_CTX_set_default_verify_paths(context) == 1;
  const Bio bio = bio_over(authorities);
  bool any = false;
  while (X509* authority = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    const Certificate owned(authority);
    any |= X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority) == 1;
  }
  ERR_clear_error();
  // A bundle may hold the server's own certificate, or one of the middle: that is then what is trusted.
  X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
  return any;
}

bool show(SSL_CTX* context, const X509* leaf, EVP_PKEY* key, const std::vector<X509*>& chain) {
  STACK_OF(X509)* stack = sk_X509_new_null();
  for (X509* each : chain) sk_X509_push(stack, each);
  const bool taken = SSL_CTX_use_cert_and_key(context, const_cast<X509*>(leaf), key, stack, 1) == 1;
  sk_X509_free(stack);
  return taken;
}

void expect_name(SSL* ssl, const std::string& expected) {
  invariant(!expected.empty(), "a server that is verified has a name");
  if (IpAddress::parse(expected)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), expected.c_str());
  } else {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl, expected.c_str());
  }
}

}  // namespace

SavedSession::~SavedSession() {
  SSL_SESSION_free(session_);
}

std::expected<std::shared_ptr<const ClientContext>, std::string> ClientContext::make(const ClientSettings& settings) {
  std::shared_ptr<ClientContext> made(new ClientContext);
  made->settings_ = settings;
  for (const std::string& protocol : settings.protocols) {
    made->offered_ += static_cast<char>(protocol.size());
    made->offered_ += protocol;
  }
  made->context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX* const context = made->context_;
  if (context == nullptr) return std::unexpected(last_complaint());
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_min_proto_version(context, settings.oldest == Version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context, settings.newest == Version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  if (!settings.ciphers.empty()) SSL_CTX_set_cipher_list(context, settings.ciphers.c_str());
  SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
  SSL_CTX_set_max_cert_list(context, limits::tls_handshake_bytes);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &ClientCallbacks::new_session);
  if (settings.verify) {
    SSL_CTX_set_app_data(context, made.get());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, settings.certificate_uri.empty() ? nullptr : &ClientCallbacks::judged);
    if (!trust(context, settings.authorities)) return std::unexpected("there is no certificate among the authorities");
    if (!settings.revocation.empty() && !add_revocation(SSL_CTX_get_cert_store(context), settings.revocation))
      return std::unexpected("there is no list of revoked certificates");
  } else {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  }
  if (settings.identity != nullptr &&
      !show(context, settings.identity->leaf_, settings.identity->key_, settings.identity->chain_))
    return std::unexpected(settings.identity->title() + ": " + last_complaint());
  return made;
}

ClientContext::~ClientContext() {
  SSL_CTX_free(context_);
}

std::unique_ptr<Engine> ClientContext::connect(Workbench& bench, const std::shared_ptr<SavedSession>& saved,
                                               const std::string& host) const {
  const std::string& name = settings_.name.empty() ? host : settings_.name;
  SSL* ssl = SSL_new(context_);
  SSL_set_connect_state(ssl);
  // RFC 6066 section 3: literal addresses are not sent.
  if (!name.empty() && !IpAddress::parse(name)) SSL_set_tlsext_host_name(ssl, name.c_str());
  if (settings_.verify && settings_.checks_name)
    expect_name(ssl, settings_.certificate_name.empty() ? name : settings_.certificate_name);
  if (!offered_.empty()) {
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(offered_.data()),
                        static_cast<unsigned>(offered_.size()));
  }
  if (saved != nullptr) {
    SSL_set_ex_data(ssl, ClientCallbacks::slot(), new std::shared_ptr<SavedSession>(saved));
    // A ticket of TLS 1.3 is used once (RFC 8446 appendix C.4); that of 1.2 comes back with the next session.
    if (SSL_SESSION* session = std::exchange(saved->session_, nullptr)) {
      SSL_set_session(ssl, session);
      if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
        SSL_SESSION_free(session);
      else
        saved->session_ = session;
    }
  }
  return std::make_unique<Engine>(ssl, bench, shared_from_this());
}

std::string ClientContext::fingerprint() const {
  const std::string identity = settings_.identity == nullptr ? "" : settings_.identity->fingerprint();
  std::string all = std::string(settings_.verify ? "verify" : "trust") + (settings_.checks_name ? "n" : "u") +
                    (settings_.oldest == Version::tls_1_3 ? "3" : "2") +
                    (settings_.newest == Version::tls_1_3 ? "3" : "2");
  for (const std::string* part :
       {&settings_.authorities, &settings_.name, &settings_.certificate_name, &settings_.certificate_uri,
        &settings_.revocation, &settings_.ciphers, &offered_, &identity}) {
    all += ' ' + std::to_string(part->size()) + ':' + *part;
  }
  return crypto::encode_base64url(crypto::sha256(all));
}

bool covers_uri(std::string_view expected, std::string_view uri) {
  if (!expected.ends_with("/*")) return expected == uri;
  const std::string_view above = expected.substr(0, expected.size() - 1);
  return uri.starts_with(above) && uri.size() > above.size();
}

std::string system_authorities() {
  const char* told = std::getenv("SSL_CERT_FILE");
  return told != nullptr ? told : "/etc/ssl/certs/ca-certificates.crt";
}

}  // namespace weir::tls
