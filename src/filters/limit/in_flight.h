// How many requests of a key are being answered right now.
//
// Idea: the same table, whose word is a count. Whoever enters is given the very slot it was counted in and gives that
// one back, so that a count is never taken from somebody else. A slot is taken over only when nobody is in it; when all
// eight of a set are in use the newcomer is counted with the least busy of them, too strictly and never too mildly.
#pragma once

#include "filters/limit/table.h"

namespace weir {

class InFlight {
 public:
  explicit InFlight(std::uint64_t keys) : table_(keys) {}

  /// A place among at most `limit`; null when there is none. From any core.
  /// \param others  how many were there already
  LimitTable::Slot* enter(std::uint64_t hash, std::uint64_t limit, std::uint64_t& others);
  /// Gives a place back.
  static void leave(LimitTable::Slot& place) { place.state.fetch_sub(1, std::memory_order_acq_rel); }
  /// How many are there.
  [[nodiscard]] std::uint64_t count(std::uint64_t hash);

  [[nodiscard]] std::size_t bytes() const { return table_.bytes(); }

 private:
  LimitTable table_;
};

}  // namespace weir
