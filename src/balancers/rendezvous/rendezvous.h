// A key meets the endpoint that scores highest for it (Thaler and Ravishankar 1998), or the idlest of its best few.
//
// Idea: every endpoint gets a score from the hash of its name and the key; the highest wins. When one goes, only its
// own keys move, each to its second choice: no other policy moves fewer. Weights are exact: a score is -weight / ln(u)
// for u uniform in (0, 1) (Schindelhauer and Schomaker 2005). It costs a nanosecond per endpoint, so it is for
// upstreams of tens; maglev is for hundreds.
//
// With replicas of two or more a key belongs to its best few, and goes to the one of them with the least load: what is
// cached stands in few places, and a hot key does not stand in one.
#pragma once

#include "upstream/picking/hashed.h"

namespace weir {

struct RendezvousOptions : KeyedOptions {
  std::uint32_t replicas = 1;
  static constexpr std::uint32_t replicas_max = 8;
  static const Schema<RendezvousOptions>& schema();
};

class RendezvousTable final : public BalancerTable {
 public:
  explicit RendezvousTable(std::span<const EndpointIdentity> endpoints);

  [[nodiscard]] std::size_t size() const { return hashes_.size(); }
  /// Of an entry for a key; scores of one key compare.
  [[nodiscard]] double score(std::size_t entry, std::uint64_t key) const;

 private:
  std::vector<std::uint64_t> hashes_;
  std::vector<double> weights_;
  bool equal_ = true;
};

class Rendezvous final : public KeyedBalancer {
 public:
  explicit Rendezvous(const RendezvousOptions& options) : KeyedBalancer(options), replicas_(options.replicas) {}
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override;
  [[nodiscard]] std::string_view name() const override { return "rendezvous"; }
  [[nodiscard]] PickBasis basis() const override {
    return replicas_ > 1 ? PickBasis::key_and_load : KeyedBalancer::basis();
  }
  [[nodiscard]] bool has_table() const override { return true; }
  [[nodiscard]] std::unique_ptr<const BalancerTable> make_table(
      std::span<const EndpointIdentity> endpoints) const override;

 private:
  std::uint32_t replicas_;
};

const BalancerKind& rendezvous_balancer();

}  // namespace weir
