// The content address of a configuration: equal hashes mean equal behaviour.
//
// Problem: operators compare what runs on twenty machines; comments, line breaks and quotes do not matter, but every
// value does, secrets included, and a hash must not be a way to guess a secret.
// Idea: a canonical walk over the expanded tree (kinds, names in order, values, no places) into XXH3-128. Secrets go in
// through a keyed hash of their own, so that who knows the configuration but not the key cannot try out passwords.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "contracts/node.h"

namespace weir::config {

/// 128 bits of XXH3: collisions by accident do not happen; who can choose the configuration needs none.
struct ContentHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// 32 hexadecimal digits.
  [[nodiscard]] std::string text() const;
  /// The first seven: enough to tell by eye.
  [[nodiscard]] std::string brief() const { return text().substr(0, 7); }
  friend bool operator==(const ContentHash&, const ContentHash&) = default;
};

/// What secrets are hashed with. Machines that share it give equal hashes for equal secrets.
struct HashKey {
  std::string bytes;
};

/// The hash of bytes as they are.
ContentHash hash_of(std::string_view bytes);

/// The hash of what a tree says; the same for every way to write it down.
ContentHash hash_of(const Node& node, const HashKey& key);

/// One hash for a sequence of them; the order counts.
class HashChain {
 public:
  void add(const ContentHash& hash);
  [[nodiscard]] ContentHash hash() const { return hash_of(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace weir::config
