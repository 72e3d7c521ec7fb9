// Header and payload, encoded and signed.
#include "app/acme/jws.h"

#include <fmt/format.h>

#include <span>

#include "app/json_writer.h"
#include "base/base64url.h"
#include "base/crypto.h"

namespace weir::acme {
namespace {

/// Its members in the order that RFC 7638 section 3 wants.
std::string jwk(const tls::SigningKey& key) {
  const tls::SigningKey::Point point = key.point();
  return fmt::format(R"({{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}})", crypto::encode_base64url(point.x),
                     crypto::encode_base64url(point.y));
}

std::string flattened(const std::string& header, const std::string& payload, std::string_view signature) {
  JsonWriter json;
  json.begin_object().member("protected", header).member("payload", payload);
  json.member("signature", base64url(signature)).end_object();
  return json.take();
}

}  // namespace

std::string sign_message(const tls::SigningKey& key, const Protected& header, std::string_view payload) {
  JsonWriter json;
  json.begin_object().member("alg", "ES256");
  if (header.account.empty())
    json.key("jwk").raw(jwk(key));
  else
    json.member("kid", header.account);
  json.member("nonce", header.nonce).member("url", header.url).end_object();
  const std::string protected_part = base64url(json.take());
  const std::string payload_part = base64url(payload);
  return flattened(protected_part, payload_part, key.sign(protected_part + "." + payload_part));
}

std::string thumbprint(const tls::SigningKey& key) {
  return crypto::encode_base64url(crypto::sha256(jwk(key)));
}

std::string key_authorization(const tls::SigningKey& key, std::string_view token) {
  return fmt::format("{}.{}", token, thumbprint(key));
}

std::string external_binding(const tls::SigningKey& account, std::string_view url, std::string_view id,
                             std::string_view secret) {
  JsonWriter json;
  json.begin_object().member("alg", "HS256").member("kid", id).member("url", url).end_object();
  const std::string protected_part = base64url(json.take());
  const std::string payload_part = base64url(jwk(account));
  return flattened(protected_part, payload_part, tls::hmac_sha256(secret, protected_part + "." + payload_part));
}

}  // namespace weir::acme
