// The functions of crypto.h by libsodium, whose headers nobody else includes.
#include "base/crypto.h"

#include <sodium.h>

#include <algorithm>
#include <bit>

#include "base/invariant.h"

namespace weir::crypto {
namespace {

/// libsodium chooses its implementations once; calling it again is cheap and safe from every thread.
void begin() {
  invariant(::sodium_init() >= 0, "libsodium finds a source of random numbers");
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Digest sha256(std::string_view bytes) {
  Digest digest;
  ::crypto_hash_sha256(digest.data(), bytes_of(bytes), bytes.size());
  return digest;
}

Key Key::random() {
  Key key;
  fill_random(key.bytes_);
  return key;
}

Key Key::of(std::string_view secret) {
  Key key;
  ::crypto_generichash(key.bytes_.data(), key.bytes_.size(), bytes_of(secret), secret.size(), nullptr, 0);
  return key;
}

Digest Key::digest(std::initializer_list<std::string_view> parts) const {
  crypto_generichash_state state;
  ::crypto_generichash_init(&state, bytes_.data(), bytes_.size(), std::tuple_size_v<Digest>);
  for (const std::string_view part : parts) {
    const std::uint64_t size = part.size();
    ::crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&size), sizeof(size));
    ::crypto_generichash_update(&state, bytes_of(part), part.size());
  }
  Digest digest;
  ::crypto_generichash_final(&state, digest.data(), digest.size());
  return digest;
}

HashKey HashKey::random() {
  static_assert(sizeof(HashKey) == crypto_shorthash_KEYBYTES);
  HashKey key;
  fill_random(key.bytes_);
  return key;
}

HashKey HashKey::of(const Digest& digest) {
  HashKey key;
  std::copy_n(digest.begin(), key.bytes_.size(), key.bytes_.begin());
  return key;
}

std::uint64_t HashKey::hash(std::string_view bytes) const {
  std::array<unsigned char, crypto_shorthash_BYTES> hash;
  ::crypto_shorthash(hash.data(), bytes_of(bytes), bytes.size(), bytes_.data());
  return std::bit_cast<std::uint64_t>(hash);
}

namespace {

using Nonce = std::array<unsigned char, crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;

Nonce nonce_of(std::uint64_t count) {
  Nonce nonce{};
  for (std::size_t at = 0; at < sizeof(count); ++at) nonce[at] = static_cast<unsigned char>(count >> (8 * at));
  return nonce;
}

}  // namespace

std::string Seal::seal(std::string_view plain) {
  static_assert(overhead_bytes == crypto_aead_chacha20poly1305_ietf_ABYTES);
  std::string sealed(plain.size() + overhead_bytes, '\0');
  const Nonce nonce = nonce_of(count_++);
  ::crypto_aead_chacha20poly1305_ietf_encrypt(reinterpret_cast<unsigned char*>(sealed.data()), nullptr, bytes_of(plain),
                                              plain.size(), nullptr, 0, nullptr, nonce.data(), key_.data());
  return sealed;
}

std::optional<std::string> Seal::open(std::string_view sealed) {
  if (sealed.size() < overhead_bytes) return {};
  std::string plain(sealed.size() - overhead_bytes, '\0');
  const Nonce nonce = nonce_of(count_);
  const int outcome = ::crypto_aead_chacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(plain.data()),
                                                                  nullptr, nullptr, bytes_of(sealed), sealed.size(),
                                                                  nullptr, 0, nonce.data(), key_.data());
  if (outcome != 0) return {};
  ++count_;
  return plain;
}

bool equal(const Digest& left, const Digest& right) {
  return ::sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

void fill_random(std::span<std::uint8_t> bytes) {
  begin();
  ::randombytes_buf(bytes.data(), bytes.size());
}

void forget(std::string& secret) {
  ::sodium_memzero(secret.data(), secret.size());
  secret.clear();
}

std::string hexadecimal(std::span<const std::uint8_t> bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  ::sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

std::optional<Digest> parse_digest(std::string_view hexadecimal) {
  Digest digest;
  std::size_t length = 0;
  const char* end = nullptr;
  if (hexadecimal.size() != digest.size() * 2) return {};
  const int outcome =
      ::sodium_hex2bin(digest.data(), digest.size(), hexadecimal.data(), hexadecimal.size(), nullptr, &length, &end);
  const bool whole = outcome == 0 && length == digest.size() && end == hexadecimal.data() + hexadecimal.size();
  return whole ? std::optional(digest) : std::nullopt;
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  std::size_t length = 0;
  const char* end = nullptr;
  const int outcome = ::sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                                          text.size(), nullptr, &length, &end, sodium_base64_VARIANT_ORIGINAL);
  if (outcome != 0 || end != text.data() + text.size()) return {};
  bytes.resize(length);
  return bytes;
}

std::string encode_base64(std::string_view bytes) {
  constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
  ::sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                      variant);
  text.pop_back();
  return text;
}

std::string encode_base64url(std::span<const std::uint8_t> bytes) {
  constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
  ::sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant);
  text.pop_back();
  return text;
}

std::optional<std::string> argon2id(std::string_view password, const Argon2Cost& cost) {
  begin();
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const int outcome = ::crypto_pwhash_str_alg(text.data(), password.data(), password.size(), cost.passes,
                                              cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
  return outcome == 0 ? std::optional<std::string>(text.data()) : std::nullopt;
}

bool argon2id_matches(const std::string& hash, std::string_view password) {
  begin();
  // The library reads a fixed-size buffer.
  std::array<char, crypto_pwhash_argon2id_STRBYTES> text{};
  if (hash.size() >= text.size()) return false;
  hash.copy(text.data(), hash.size());
  return ::crypto_pwhash_argon2id_str_verify(text.data(), password.data(), password.size()) == 0;
}

}  // namespace weir::crypto
