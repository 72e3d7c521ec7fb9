// A key that signs: of an account at an authority, or of a certificate that is to be asked for. ECDSA on P-256, which
// every authority and every client knows.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace weir::tls {

/// Immutable.
class SigningKey {
 public:
  /// A new one.
  static std::shared_ptr<const SigningKey> make();
  /// \param pem  as pem() wrote it \returns  null when it is no such key
  static std::shared_ptr<const SigningKey> read(std::string_view pem);
  ~SigningKey();
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;

  /// PKCS #8, without a passphrase: a secret.
  [[nodiscard]] std::string pem() const;
  struct Point {
    std::array<std::uint8_t, 32> x{};
    std::array<std::uint8_t, 32> y{};
  };
  /// What others verify by.
  [[nodiscard]] Point point() const;
  /// ES256 (RFC 7518 section 3.4): r and s, 32 bytes each.
  [[nodiscard]] std::string sign(std::string_view bytes) const;

 private:
  friend struct Issuing;
  SigningKey() = default;

  evp_pkey_st* key_ = nullptr;
};

/// HMAC-SHA256 (RFC 2104): 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

}  // namespace weir::tls
