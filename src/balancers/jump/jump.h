// A key meets the same numbered endpoint (Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash", 2014).
//
// Idea: as endpoints are appended, each key jumps to a later one with just the probability that keeps all shares equal;
// the jumps are computed, not stored. Balance is perfect and nothing is kept, but endpoints are numbers: one may be
// appended or the last one removed, and taking one out of the middle renumbers all behind it. For shards of storage,
// whose number is their name; anything else is served better by maglev or rendezvous. Weights are not looked at.
#pragma once

#include "upstream/picking/hashed.h"

namespace weir {

struct JumpOptions : KeyedOptions {
  static const Schema<JumpOptions>& schema();
};

/// The bucket of a key. \pre  buckets > 0
std::uint32_t jump_to(std::uint64_t key, std::uint32_t buckets);

class Jump final : public KeyedBalancer {
 public:
  explicit Jump(const JumpOptions& options) : KeyedBalancer(options) {}
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override;
  [[nodiscard]] std::string_view name() const override { return "jump"; }
};

const BalancerKind& jump_balancer();

}  // namespace weir
