// The cookie by which a client comes back to its endpoint: what is written into it, and who can write one.
//
// Problem: the cookie lies with the client, who may read it, keep it, change it and try others; it should neither tell
// the addresses behind the gateway nor let anybody choose one.
// Idea: it holds a keyed hash of the endpoint's address and the moment it was written, and a digest over both with a
// secret of the operator. Whatever the secrets did not make is nothing at all: it is passed over, and what is wrong
// with it is not said. The first of the secrets signs and all are believed, so that they rotate without losing anybody.
//
//   base64url( version 1 | endpoint 8 | seconds 4 | digest 16 )     39 characters
//
// Invariants
//   (1) open() takes what seal() made with one of the keys for this upstream, and nothing else.
//   (2) A cookie of another upstream is a foreign one: its name is under the digest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"

namespace weir {

/// What a cookie says.
struct StickyToken {
  std::uint64_t endpoint = 0;  ///< StickyKeys::id_of() with the key it was sealed with
  std::uint32_t issued = 0;    ///< seconds since 1970, to 2106
  friend bool operator==(const StickyToken&, const StickyToken&) = default;
};

class StickyKeys {
 public:
  /// \param secrets  at least one
  StickyKeys(std::string upstream, const std::vector<std::string>& secrets);

  struct Opened {
    StickyToken token;
    std::size_t key = 0;
  };
  /// Nothing when no key of ours made it for this upstream.
  [[nodiscard]] std::optional<Opened> open(std::string_view text) const;
  /// With the first key.
  [[nodiscard]] std::string seal(const StickyToken& token) const;

  /// What an endpoint is called in cookies of that key. \param address  `10.0.0.11:8080`
  [[nodiscard]] std::uint64_t id_of(std::size_t key, std::string_view address) const {
    return keys_[key].endpoints.hash(address);
  }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

  /// Characters of every cookie.
  static constexpr std::size_t text_bytes = 39;

 private:
  struct OneKey {
    crypto::Key signing;
    crypto::HashKey endpoints;
  };
  [[nodiscard]] crypto::Digest digest(const OneKey& key, std::string_view said) const;

  std::string upstream_;
  std::vector<OneKey> keys_;
};

}  // namespace weir
