// The cryptography that rooms above need: digests, random bytes, comparison that takes no hints, Argon2id.
//
// Idea: a handful of functions with one obvious use each, and libsodium behind them in one file. What is compared or
// kept for a client is a digest, so that neither time nor memory gives the secret itself away.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir::crypto {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 (FIPS 180-4): for what others can compute, too.
Digest sha256(std::string_view bytes);

/// What keyed digests are made with. Made once per process, it never leaves it.
class Key {
 public:
  /// From the kernel's random numbers.
  static Key random();

  /// From a secret that people wrote: its BLAKE2b-256.
  static Key of(std::string_view secret);

  /// BLAKE2b-256 over the parts with their lengths, so that "a", "bc" and "ab", "c" differ.
  [[nodiscard]] Digest digest(std::initializer_list<std::string_view> parts) const;

 private:
  std::array<std::uint8_t, 32> bytes_{};
};

/// The key of a table's hash: whoever does not know it cannot choose inputs that meet. Made once per table.
class HashKey {
 public:
  /// From the kernel's random numbers.
  static HashKey random();

  /// The same on every machine that knows the digest.
  static HashKey of(const Digest& digest);

  /// SipHash-2-4 (Aumasson and Bernstein, 2012); some 15 ns for an address.
  [[nodiscard]] std::uint64_t hash(std::string_view bytes) const;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

/// One direction of a sealed connection: what one side seals the other opens, in the same order and each once.
/// ChaCha20-Poly1305 (RFC 8439) with a counter for a nonce: a key serves one direction of one connection, never
/// another.
class Seal {
 public:
  static constexpr std::size_t overhead_bytes = 16;

  explicit Seal(const Digest& key) : key_(key) {}

  [[nodiscard]] std::string seal(std::string_view plain);
  /// Nothing when it was not sealed next with this key: forged, repeated, left out or out of order.
  [[nodiscard]] std::optional<std::string> open(std::string_view sealed);

 private:
  Digest key_;
  std::uint64_t count_ = 0;
};

/// In a time that does not depend on where they differ.
bool equal(const Digest& left, const Digest& right);

void fill_random(std::span<std::uint8_t> bytes);

/// Overwrites a secret that is no longer needed; compilers may not leave it out.
void forget(std::string& secret);

/// Lower-case hexadecimal digits.
std::string hexadecimal(std::span<const std::uint8_t> bytes);
/// 64 hexadecimal digits of either case; nothing for all else.
std::optional<Digest> parse_digest(std::string_view hexadecimal);

/// Base64 of RFC 4648 section 4, with its padding.
std::optional<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes);
/// Base64url of RFC 4648 section 5, without padding.
std::string encode_base64url(std::span<const std::uint8_t> bytes);

/// How hard an Argon2id hash is to compute.
struct Argon2Cost {
  std::uint64_t memory_bytes = std::uint64_t{64} * 1024 * 1024;  ///< libsodium's "interactive"
  std::uint32_t passes = 3;
};
/// `$argon2id$v=19$m=65536,t=3,p=1$...` (RFC 9106). Takes as long as it costs; nothing when memory ran out.
std::optional<std::string> argon2id(std::string_view password, const Argon2Cost& cost);
/// Whether the password is that of the hash. Takes as long as the hash's cost says.
bool argon2id_matches(const std::string& hash, std::string_view password);

}  // namespace weir::crypto
