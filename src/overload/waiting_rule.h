// Who enters a bulkhead, who waits for a place, and for how long: pure functions.
//
// Problem: a line in front of something busy is good for a burst and bad for ever after: when more comes than can be
// answered, the line is always full, everybody waits its whole length, and nobody is served better for it.
// Idea: CoDel's question (Nichols and Jacobson, RFC 8289): is this a burst or a standing line? A line that has not been
// empty for an interval stands. While it stands, nobody waits longer than the target, which is about as long as half an
// answer takes, and the newest is served first (adaptive LIFO, as at Facebook): those who have just come can still be
// served in time. When nobody had to be let go for an interval, it was a burst after all.
//
//                      what happens                                     verdict
//   a request comes    a place is free and nobody waits                 entered
//                      the line has room                                queued
//                      the line is full, and somebody of a lower class, or of a route
//                      that has more of it, waits                       queued; that one is let go
//                      the line is full                                 refused
//   one waits          its turn comes                                   entered
//                      its room in the line is needed                   shed
//                      it waited for the target in a standing line      shed
//                      it waited for as long as anybody may             shed
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/units.h"
#include "contracts/priority.h"
#include "overload/tuner.h"

namespace weir {

/// What a configuration says about a bulkhead.
struct BulkheadRule {
  TunerBounds bounds;         ///< minimum == maximum: a fixed limit
  std::uint32_t queue = 100;  ///< requests that may wait, on all cores together
  Duration wait = std::chrono::seconds{1};
  Duration interval = std::chrono::milliseconds{100};
  std::optional<Duration> target;  ///< none: half of what an answer takes, at least target_min
  Duration retry_after = std::chrono::seconds{1};
};

/// The wheel ticks once a millisecond: less could not be kept; CoDel's own target.
inline constexpr Duration target_min = std::chrono::milliseconds{5};

// ---- a burst, or a standing line ----

struct Standing {
  bool stands = false;
  Time since{};  ///< a burst: the line was last empty; a standing line: somebody was last let go

  friend bool operator==(const Standing&, const Standing&) = default;
};
/// \param empty  the line is empty now
Standing look_at_line(const BulkheadRule& rule, Standing before, Time now, bool empty);

/// How long a request may wait. \param baseline  how long an answer takes when nobody waits; zero: not known
Duration patience(const BulkheadRule& rule, const Standing& standing, Duration baseline);

// ---- one request ----

enum class Displacement : std::uint8_t { none, by_class, by_share };

struct WaitingFacts {
  std::uint32_t in_flight = 0;
  std::uint32_t limit = 0;
  std::uint32_t waiting = 0;
  std::uint32_t queue = 0;
  Priority priority = Priority::normal;
  /// Just come: whether somebody has to make room in a full line. Waited: whether it had to, and why.
  Displacement displaces = Displacement::none;
  bool has_waited = false;  ///< its turn has come, or its time is over; else it has just come
  bool stands = false;
  Duration waited{};
  Duration patience{};
};

enum class WaitingAction : std::uint8_t { enter, wait, refuse };

struct WaitingVerdict {
  WaitingAction action = WaitingAction::refuse;
  std::string_view verdict;  ///< static: entered, queued, refused, shed
  std::string_view reason;   ///< static
};
WaitingVerdict decide_waiting(const WaitingFacts& facts);

}  // namespace weir
