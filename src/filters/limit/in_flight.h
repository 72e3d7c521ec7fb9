// How many requests of a key are being answered right now.
//
// Idea: the same table, whose word is a count. Whoever enters is given the very slot it was counted in and gives that
// one back, so that a count is never taken from somebody else. A slot is taken over only when nobody is in it; when all
// eight of a set are in use the newcomer is a guest of the least busy of them. Whose guests they are nobody knows, so
// that they count for every key of the set: too strictly and never too mildly.
//
// Invariants
//   (1) What enters of a key finds fewer than `limit` in the key's slots and among the guests of all others of its set,
//       and every request of the key is one of these.
//   (2) Cores that meet a new key in the same instant may each enter another slot, one request each (table.h, invariant
//       4): at most limit + cores - 1.
#pragma once

#include "filters/limit/table.h"

namespace weir {

class InFlight {
 public:
  /// Where a request is counted.
  struct Place {
    LimitTable::Slot* slot = nullptr;
    bool guest = false;
  };

  explicit InFlight(std::uint64_t keys) : table_(keys) {}

  /// A place among at most `limit`; without a slot when there is none. From any core.
  /// \param others  how many were there already
  Place enter(std::uint64_t hash, std::uint64_t limit, std::uint64_t& others);
  /// Gives a place back.
  static void leave(const Place& place);
  /// How many are there.
  [[nodiscard]] std::uint64_t count(std::uint64_t hash);

  [[nodiscard]] std::size_t bytes() const { return table_.bytes(); }

 private:
  /// Of the key, and whose may be its, in the other slots of its set.
  [[nodiscard]] std::uint64_t count_beside(std::uint64_t hash, const LimitTable::Slot& slot) const;

  LimitTable table_;
};

}  // namespace weir
