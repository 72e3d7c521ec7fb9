// When the next bytes of a key may pass: bandwidth as turns.
//
// Problem: bytes that are too many now are not refused, they come later; many streams of one key must share what there
// is without waking each other, and what passed must never be more than was allowed.
// Idea: the same bucket as for requests, seen as a queue: whoever has bytes takes the next turn, which is when those
// before have been paid for, and sleeps until then, once. One word for each key says when the bucket will be full
// again; taking a turn moves it on by what the bytes cost in time. All cores may take turns at once.
//
// Invariants
//   (1) In any time t the turns of a key that come due are of at most burst + t * rate bytes. Exact: what bytes cost is
//       rounded up to a nanosecond, and nothing passes before its turn.
//   (2) Turns come due in the order in which they were taken.
//   (3) A clock that goes back makes nobody wait longer than `queue_max` and gives at most one whole burst.
#pragma once

#include <cstdint>

#include "base/units.h"
#include "filters/limit/table.h"

namespace weir::limit {

struct Pace {
  ByteCount bytes_per_second = 0;
  ByteCount burst = 0;  ///< bytes that pass at once when nothing did before
};

struct Turn {
  std::uint64_t state = 0;  ///< of the key from now on
  Duration wait{};          ///< until the bytes may pass
};

/// No turn is further away: whoever would wait for longer has met a clock that went back.
inline constexpr Duration queue_max = std::chrono::hours{24};

/// The next turn. \pre bytes <= burst
Turn take_turn(const Pace& pace, std::uint64_t state, Time now, ByteCount bytes);
/// The state after bytes of a turn were not needed.
std::uint64_t give_back(const Pace& pace, std::uint64_t state, Time now, ByteCount bytes);
/// Nanoseconds that so many bytes take, rounded up.
std::uint64_t nanoseconds_of(const Pace& pace, ByteCount bytes);

/// The keys of one rule.
class PaceTable {
 public:
  PaceTable(const Pace& pace, std::uint64_t keys) : pace_(pace), table_(keys) {}

  [[nodiscard]] const Pace& pace() const { return pace_; }
  /// Takes the next turn of the key. \returns  until it comes
  Duration take(std::uint64_t hash, Time now, ByteCount bytes);
  /// Takes a turn only when it has come already.
  bool take_now(std::uint64_t hash, Time now, ByteCount bytes);
  void give_back(std::uint64_t hash, Time now, ByteCount bytes);

 private:
  /// \param patience  no turn is taken that is further away
  Duration take_within(std::uint64_t hash, Time now, ByteCount bytes, Duration patience);
  LimitTable::Found find(std::uint64_t hash, Time now);

  const Pace pace_;
  LimitTable table_;
};

}  // namespace weir::limit
