// Where a limit keeps its keys: a table that never grows, in which all cores may count at once.
//
// Problem: whoever sends a new key with each request fills any memory; and a table that makes room by throwing out
// somebody heavy lets that one begin anew.
// Idea: sets of eight slots, two cache lines; a key's hash names its set, and the slot it has there is 16 bytes: the
// hash and one word of state (budget.h). A new key takes the slot of the key that is nearest to being as new, and takes
// over that key's state. When that one was as new, nothing is lost; when it was not, the newcomer is counted too
// strictly and nobody ever too mildly: whoever is not in a set has spent no more than the lightest that is. (That is
// the argument of Space-Saving, Metwally, Agrawal and El Abbadi, 2005.)
//
// Taking over is one compare-and-swap of the hash, spending is one of the state: no lock, and whoever loses a race
// looks again. A table of one core does the same without locked instructions.
//
// Invariants
//   (1) Memory is 64 bytes for each key that was asked for, from the beginning to the end, and is touched as keys come.
//   (2) The state of a slot never gets lighter but by time, by its key's own settlements, and by nothing else.
//   (3) A flood of random keys takes the place of an active key only when it spends the whole budgets of a whole set
//       first: 8 slots times the limit, within the window. A key at its limit is the last to go.
//   (4) Two cores that meet a new key at the same instant may both make a slot for it; one of the two is then used and
//       the other forgotten, with at most one charge of each core in it. A core that stood still while others charged
//       the key gives way to the slot that they use.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

namespace weir {

class LimitTable {
 public:
  static constexpr std::size_t slots_per_set = 8;
  static constexpr std::size_t bytes_per_key = 64;

  struct Slot {
    std::atomic<std::uint64_t> hash{0};  ///< of the key; 0: nobody's
    std::atomic<std::uint64_t> state{0};
  };

  /// \param keys  that are to be told apart; four slots are there for each
  explicit LimitTable(std::uint64_t keys);

  /// The slot of a key, and what it holds. A key that has none is shown the slot it would take.
  struct Found {
    Slot* slot;
    std::uint64_t owner;  ///< whose it is: the hash asked for, another that would go, or 0
  };
  /// \param weigh  of a state: how far it is from being as new, 0 when it is
  template <typename Weigh>
  [[nodiscard]] Found find(std::uint64_t hash, const Weigh& weigh) {
    const std::span<Slot, slots_per_set> set = set_of(hash);
    for (Slot& slot : set) {
      if (slot.hash.load(std::memory_order_acquire) == hash) return {&slot, hash};
    }
    return lightest(set, weigh);
  }

  /// The places that a key may have.
  [[nodiscard]] std::span<Slot, slots_per_set> set_of(std::uint64_t hash) const {
    const auto number = static_cast<std::size_t>((static_cast<unsigned __int128>(hash) * sets_) >> 64);
    return std::span<Slot, slots_per_set>(slots_ + number * slots_per_set, slots_per_set);
  }

  /// Makes the slot the key's. \returns  false when somebody else was faster: find() again
  bool take(const Found& found, std::uint64_t hash);

  /// A hash that no empty slot has.
  static std::uint64_t usable(std::uint64_t hash) { return hash == 0 ? 1 : hash; }

  [[nodiscard]] std::size_t bytes() const { return sets_ * slots_per_set * sizeof(Slot); }
  [[nodiscard]] std::size_t sets() const { return sets_; }
  [[nodiscard]] std::size_t slots() const { return sets_ * slots_per_set; }
  /// Slots by their number, below slots().
  [[nodiscard]] std::size_t number_of(const Slot& slot) const { return static_cast<std::size_t>(&slot - slots_); }
  [[nodiscard]] const Slot& slot(std::size_t number) const { return slots_[number]; }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  template <typename Weigh>
  static Found lightest(std::span<Slot, slots_per_set> set, const Weigh& weigh) {
    Found found{.slot = &set.front(), .owner = 0};
    std::uint64_t least = ~std::uint64_t{0};
    for (Slot& slot : set) {
      const std::uint64_t owner = slot.hash.load(std::memory_order_acquire);
      const std::uint64_t weight = weigh(slot.state.load(std::memory_order_relaxed));
      if (weight >= least) continue;
      least = weight;
      found = {.slot = &slot, .owner = owner};
      if (weight == 0) break;  // forgetting it loses nothing
    }
    return found;
  }

  std::size_t sets_;
  std::unique_ptr<void, Free> memory_;
  Slot* slots_;
};

}  // namespace weir
