// Making, keeping and using a key of P-256.
#include "net/tls/signing_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>

#include <span>

#include "base/invariant.h"
#include "net/tls/openssl.h"

namespace weir::tls {
namespace {

constexpr const char* curve = "P-256";
constexpr int coordinate_bytes = 32;

using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<&EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freed<&ECDSA_SIG_free>>;

bool is_p256(const EVP_PKEY* key) {
  std::array<char, 32> name{};
  std::size_t length = 0;
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, name.data(), name.size(), &length) == 1 &&
         std::string_view(name.data(), length) == SN_X9_62_prime256v1;
}

std::array<std::uint8_t, 32> coordinate(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  std::array<std::uint8_t, 32> bytes{};
  const bool read = EVP_PKEY_get_bn_param(key, name, &number) == 1;
  invariant(read && BN_bn2binpad(number, bytes.data(), coordinate_bytes) == coordinate_bytes,
            "a point has two numbers");
  BN_free(number);
  return bytes;
}

// Asked for by the library when a key is encrypted: nobody is there who could type it.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

std::shared_ptr<const SigningKey> SigningKey::make() {
  const std::shared_ptr<SigningKey> made(new SigningKey);
  made->key_ = EVP_EC_gen(curve);
  invariant(made->key_ != nullptr, "the library can make a key of P-256");
  return made;
}

std::shared_ptr<const SigningKey> SigningKey::read(std::string_view pem) {
  PrivateKey key(PEM_read_bio_PrivateKey(bio_over(pem).get(), nullptr, &no_passphrase, nullptr));
  ERR_clear_error();
  if (key == nullptr || !is_p256(key.get())) return nullptr;
  const std::shared_ptr<SigningKey> made(new SigningKey);
  made->key_ = key.release();
  return made;
}

SigningKey::~SigningKey() {
  EVP_PKEY_free(key_);
}

std::string SigningKey::pem() const {
  const Bio out(BIO_new(BIO_s_mem()));
  invariant(PEM_write_bio_PrivateKey(out.get(), key_, nullptr, nullptr, 0, nullptr, nullptr) == 1, "a key is written");
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

SigningKey::Point SigningKey::point() const {
  return {.x = coordinate(key_, OSSL_PKEY_PARAM_EC_PUB_X), .y = coordinate(key_, OSSL_PKEY_PARAM_EC_PUB_Y)};
}

std::string SigningKey::sign(std::string_view bytes) const {
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  const DigestContext context(EVP_MD_CTX_new());
  std::array<unsigned char, 128> der{};  // at most 72 bytes
  std::size_t length = der.size();
  const bool done = EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_) == 1 &&
                    EVP_DigestSign(context.get(), der.data(), &length, data, bytes.size()) == 1;
  invariant(done, "a key of P-256 signs");
  const unsigned char* at = der.data();
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(length)));
  std::string both(std::size_t{2} * coordinate_bytes, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(both.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, coordinate_bytes);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + coordinate_bytes, coordinate_bytes);
  return both;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  const auto* const done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
           bytes.size(), digest.data(), &length);
  invariant(done != nullptr, "the library has SHA-256");
  return {reinterpret_cast<const char*>(digest.data()), length};
}

}  // namespace weir::tls
