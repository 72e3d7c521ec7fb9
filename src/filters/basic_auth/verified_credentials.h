// What one core remembers of passwords it has had checked, and the line of those that wait for it.
//
// Problem: a hash is slow on purpose, 100 ms; a browser sends the password with each of fifty requests for a page.
// Idea: a verified combination of hash, user and password is remembered as a keyed digest with the time of its
// checking: no password stays in memory, a changed file makes another digest, and whoever reads the memory of a core
// without its key cannot try passwords against it. Two tables take turns: when one is full, the older one goes.
#pragma once

#include <cstring>
#include <unordered_map>

#include "base/crypto.h"
#include "base/limits.h"
#include "contracts/shard.h"
#include "runtime/gate.h"

namespace weir {

class VerifiedCredentials final : public ShardState {
 public:
  explicit VerifiedCredentials(Reactor& reactor)
      : gate(reactor, limits::password_checks, limits::password_checks_waiting) {}

  /// One for all filters of a core: what it remembers names the hash.
  static VerifiedCredentials& of(Shard& shard) {
    static const StateKey key("basic_auth");
    return shard.state<VerifiedCredentials>(key, [&] { return std::make_unique<VerifiedCredentials>(shard.reactor); });
  }

  [[nodiscard]] crypto::Digest digest(std::string_view hash, std::string_view user, std::string_view password) const {
    return key_.digest({hash, user, password});
  }
  /// Whether it was verified less than `age_max` ago. no_limit is no limit.
  [[nodiscard]] bool knows(const crypto::Digest& digest, Time now, Duration age_max);
  void remember(const crypto::Digest& digest, Time now);
  [[nodiscard]] std::size_t size() const { return young_.size() + old_.size(); }

  /// Who wants a password checked goes through here.
  Gate gate;

 private:
  struct FirstBytes {
    // A keyed digest is as good as random: any eight of its bytes are a hash.
    std::size_t operator()(const crypto::Digest& digest) const {
      std::size_t bits = 0;
      std::memcpy(&bits, digest.data(), sizeof(bits));
      return bits;
    }
  };
  using Table = std::unordered_map<crypto::Digest, Time, FirstBytes>;

  crypto::Key key_ = crypto::Key::random();
  Table young_;
  Table old_;
};

}  // namespace weir
