// How a request to an authority is signed (RFC 8555 section 6.2): a JWS (RFC 7515) in its flattened JSON form.
//
// Pure, but for the signature's own randomness.
#pragma once

#include <string>
#include <string_view>

#include "net/tls/signing_key.h"

namespace weir::acme {

/// What stands in the protected header beside the algorithm.
struct Protected {
  std::string_view url;
  std::string_view nonce;
  std::string_view account;  ///< its URL (kid); empty: the key itself is sent (jwk)
};

/// \param payload  JSON; empty: a POST that reads (section 6.3)
std::string sign_message(const tls::SigningKey& key, const Protected& header, std::string_view payload);

/// That of RFC 7638: what an authority and its challenges know an account's key by.
std::string thumbprint(const tls::SigningKey& key);
/// Section 8.1.
std::string key_authorization(const tls::SigningKey& key, std::string_view token);

/// What binds a new account to one that exists elsewhere (section 7.3.4).
/// \param id      of the key that both sides know
/// \param secret  decoded
std::string external_binding(const tls::SigningKey& account, std::string_view url, std::string_view id,
                             std::string_view secret);

}  // namespace weir::acme
