// A key meets the same endpoint, by one look into a table (Eisenbud and others, "Maglev", NSDI 2016).
//
// Idea: every endpoint has a permutation of the table's places, made from its name; in turn each takes its next free
// place until all are taken. So all own the same number of places, give or take one, and when an endpoint goes, hardly
// more than its own places change hands.
//
// How much more depends on the places per endpoint: with 65,537 places and 1,000 endpoints six times its share moves,
// with 655,373 places three times (`./dev bench lb`). So above 200 endpoints the larger table is made. What a pick
// costs is then the one access to it, which no cache of a core holds whole: a place is two bytes (1.25 MiB) as long as
// that is enough for the number of an endpoint.
//
// What is skipped (ejected, full) is looked up again by a hash of the key that follows from it, so that the keys of
// one that fails are spread over all others.
#pragma once

#include "upstream/picking/hashed.h"

namespace weir {

struct MaglevOptions : KeyedOptions {
  static const Schema<MaglevOptions>& schema();
};

class MaglevTable final : public BalancerTable {
 public:
  /// Both are prime, as the paper asks.
  static constexpr std::size_t small_size = 65'537;
  static constexpr std::size_t large_size = 655'373;
  /// Up to here the small one is good enough.
  static constexpr std::size_t small_endpoints_max = 200;

  explicit MaglevTable(std::span<const EndpointIdentity> endpoints)
      : MaglevTable(endpoints, endpoints.size() <= small_endpoints_max ? small_size : large_size) {}
  MaglevTable(std::span<const EndpointIdentity> endpoints, std::size_t size);

  /// Places; 0 when there are no endpoints.
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint32_t owner_of(std::size_t place) const {
    return narrow_.empty() ? wide_[place] : narrow_[place];
  }
  /// \pre  the table has endpoints
  [[nodiscard]] std::uint32_t look_up(std::uint64_t key) const {
    return owner_of(static_cast<std::size_t>((static_cast<unsigned __int128>(key) * size_) >> 64));
  }

 private:
  std::size_t size_ = 0;
  std::vector<std::uint16_t> narrow_;  // one of the two is empty
  std::vector<std::uint32_t> wide_;
};

class Maglev final : public KeyedBalancer {
 public:
  explicit Maglev(const MaglevOptions& options) : KeyedBalancer(options) {}
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override;
  [[nodiscard]] std::string_view name() const override { return "maglev"; }
  [[nodiscard]] bool has_table() const override { return true; }
  [[nodiscard]] std::unique_ptr<const BalancerTable> make_table(
      std::span<const EndpointIdentity> endpoints) const override;
};

const BalancerKind& maglev_balancer();

}  // namespace weir
