// How `tls` is written: certificates and what else a listener agrees on with its clients.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/config/acme.h"
#include "contracts/schema.h"
#include "net/tls/server_context.h"

namespace weir::config {

/// A certificate and its key, as files.
struct CertificateDocument {
  std::string certificate;
  std::string key;   ///< the same file, when nothing is written
  std::string ocsp;  ///< a file; empty: nothing is shown of what its authority says
  bool is_default = false;
  Place place;  ///< of the whole
  Place certificate_place;
  Place key_place;
  Place ocsp_place;
  std::string path;  ///< `listeners[0].tls.certificates[1]`
};

/// `listeners[].tls.client_certificates`.
struct ClientCertificatesDocument {
  tls::ClientCertificates mode = tls::ClientCertificates::required;
  std::string authorities;
  std::string revocation;  ///< a file; empty: nobody asks
  std::uint32_t depth = 3;
  bool forward = false;
  Place place;
  std::string path;
};

/// `listeners[].tls`.
struct TlsDocument {
  std::vector<CertificateDocument> certificates;
  std::optional<AcmeDocument> acme;  ///< nothing: certificates come from files alone
  tls::Version oldest = tls::Version::tls_1_2;
  std::vector<std::string> protocols;  ///< that ALPN offers, most wanted first
  Place protocols_place;               ///< where they are written; of the list
  bool session_tickets = true;
  bool early_data = false;
  Place early_data_place;
  bool fetch_ocsp = false;
  std::string ticket_keys;  ///< a file; empty: keys are made here, and nobody else has them
  Place ticket_keys_place;
  std::string path;                                   ///< `listeners[0].tls`
  std::optional<ClientCertificatesDocument> clients;  ///< nothing: they are not asked
};

const Schema<TlsDocument>& tls_schema();

/// Fills in the protocols that are not written: all that Weir speaks, HTTP/2 only where `http2` is on.
/// \returns  false when HTTP/2 is written where it is off
bool settle_protocols(TlsDocument& tls, bool http2);

}  // namespace weir::config
