// A file of API keys at rest: who may come with which key, without the keys.
//
//   # made with `weir api-key new`
//   partner-a   sha256:9f86d081...   expires=2027-01-31
//   importer    sha256:60303ae2...
//
// Why SHA-256 is enough here and not for passwords: a key is 256 random bits that no one will ever guess, however fast
// the hash is. Keys that people choose themselves belong into basic_auth.
//
// Invariants
//   (1) Names differ, digests differ. A name is a token, so that it can be a field's value and a word in a log.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/crypto.h"
#include "contracts/watched_file.h"

namespace weir {

class KeyFile {
 public:
  struct Entry {
    std::string name;
    crypto::Digest digest{};
    std::optional<WallTime> expires;  ///< first moment at which it is not taken any more
    std::uint32_t line = 0;
  };

  static std::shared_ptr<const KeyFile> parse(std::string_view bytes, FileReport& report);

  /// The entry of a key's digest, or null. Where digests begin to differ tells nothing: who looks up a key has its
  /// digest chosen by SHA-256, and the comparison behind takes as long for every digest.
  [[nodiscard]] const Entry* find(const crypto::Digest& digest) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  void check(FileReport& report);

  std::vector<Entry> entries_;
  std::unordered_map<std::uint64_t, std::uint32_t> by_digest_;  // by its first eight bytes
};

inline constexpr FileKind<KeyFile> key_file{
    .name = "keys", .bytes_max = limits::credentials_file_bytes, .secret = true, .parse = &KeyFile::parse};

/// `2027-01-31` (its end, UTC) or `2027-01-31T12:00:00Z`; nothing for all else.
std::optional<WallTime> parse_expiry(std::string_view text);

}  // namespace weir
