// What stands around a certificate that somebody else issues: the request for it, certificates that one signs oneself
// in the meantime, and what an issued one says.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/units.h"
#include "net/tls/signing_key.h"

namespace weir::tls {

/// A request for a certificate for these names (PKCS #10, RFC 2986), DER. \pre  at least one name
std::string certificate_request(const SigningKey& key, const std::vector<std::string>& names);

/// A certificate that its own key has signed, PEM: what a client is shown as long as nobody has issued a better one.
std::string self_signed(const SigningKey& key, const std::vector<std::string>& names, WallTime from, Duration lasts);

/// The same with which a server answers a tls-alpn-01 challenge (RFC 8737 section 3).
/// \param digest  SHA-256 of the key authorization
std::string challenge_certificate(const SigningKey& key, const std::string& name, const crypto::Digest& digest,
                                  WallTime from);

/// What the first certificate of a chain says.
struct IssuedFacts {
  std::vector<std::string> names;  ///< lower case
  WallTime from{};
  WallTime until{};
  std::string issuer;      ///< for people
  std::string renewal_id;  ///< by which its authority knows it (RFC 9773 section 4.1); empty: it has none
};
/// \returns  nothing when there is no certificate in the text
std::optional<IssuedFacts> issued_facts(std::string_view pem);

}  // namespace weir::tls
