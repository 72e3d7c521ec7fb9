// The hot keys of one rule at one member: counted by every core, governed by one ratio each.
//
// Problem: a request must learn the ratio of its key, and leave its count, without a lock, a message or a write that
// another core waits for.
// Idea: sets of eight places, a cache line of hashes each. One thread, the keeper, puts keys in and out and writes
// ratios; cores read them. Each core has its own counters beside each place, which the keeper reads: single-writer
// cells in both directions (contracts/metrics.h).
//
// Invariants
//   (1) A place's hash and ratio are written by the keeper only; a counter by its core only.
//   (2) When a place gets another key, a core that still saw the former adds at most one request to the wrong one.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "contracts/metrics.h"
#include "filters/limit/fleet/member.h"

namespace weir::limit::fleet {

class HotTable {
 public:
  static constexpr std::size_t places_per_set = 8;
  static constexpr std::size_t sets = 64;
  static constexpr std::size_t places = sets * places_per_set;
  using Place = std::uint16_t;

  /// \param seed  of where credits begin, different at each member
  HotTable(unsigned cores, std::uint64_t seed);

  // ---- a core ----

  /// Where a key is; nothing when it is not hot.
  [[nodiscard]] std::optional<Place> find(Fingerprint key) const {
    const std::size_t first = set_of(key) * places_per_set;
    for (std::size_t at = first; at < first + places_per_set; ++at) {
      if (keys_[at].load(std::memory_order_acquire) == key) return static_cast<Place>(at);
    }
    return {};
  }
  [[nodiscard]] ShareFacts facts(Place place, Fingerprint key, unsigned core, std::uint64_t cost);
  [[nodiscard]] Mode mode(Place place) const { return shares_[place].mode.load(std::memory_order_relaxed); }
  /// A request was refused by its ratio, or by what stands beside it, or let through.
  void refuse(Place place, unsigned core, std::uint64_t cost, double credit);
  void admit(Place place, unsigned core, std::uint64_t cost, double credit);
  /// What was let through was not meant to be, after all.
  void take_back(Place place, unsigned core, std::uint64_t cost);

  // ---- the keeper ----

  /// The places that a key may have: so many, from this one on.
  [[nodiscard]] static Place first_place(Fingerprint key) { return static_cast<Place>(set_of(key) * places_per_set); }
  /// Gives a key a place. \returns  nothing when its set is full
  std::optional<Place> put(Fingerprint key);
  void remove(Place place);
  void set(Place place, double ratio, Mode mode);
  [[nodiscard]] Fingerprint key_at(Place place) const { return keys_[place].load(std::memory_order_relaxed); }
  [[nodiscard]] double ratio_at(Place place) const { return shares_[place].ratio.load(std::memory_order_relaxed); }

  struct Totals {
    std::uint64_t offered = 0;
    std::uint64_t admitted = 0;
  };
  /// All that cores have counted at a place, ever.
  [[nodiscard]] Totals totals(Place place) const;

 private:
  struct SharePart {
    std::atomic<double> ratio{1};
    std::atomic<Mode> mode{Mode::kept};
  };
  struct Counter {
    Cell offered;
    Cell admitted;
    double credit = 0;      // its core's alone
    Fingerprint whose = 0;  // the key that the credit is of
  };
  using Counters = std::array<Counter, places>;

  [[nodiscard]] static std::size_t set_of(Fingerprint key) { return (key >> 32) % sets; }
  [[nodiscard]] Counter& counter(Place place, unsigned core) { return (*counters_[core])[place]; }

  alignas(64) std::array<std::atomic<Fingerprint>, places> keys_{};
  std::array<SharePart, places> shares_{};
  std::vector<std::unique_ptr<Counters>> counters_;
  const std::uint64_t seed_;
};

}  // namespace weir::limit::fleet
