// One core's side of a bulkhead: its line, and when to look at it again. Only its own thread calls it, but for
// ask_to_serve().
#pragma once

#include "overload/bulkhead.h"

namespace weir {

class Bulkhead::Core final : private Timer {
 public:
  Core(Bulkhead& whole, Shard& own) : bulkhead(whole), shard(own) { standing.since = own.reactor.now(); }

  /// Takes over what a newer configuration says; whoever waits goes on waiting.
  void adopt(const BulkheadRule& newer, std::uint64_t newer_generation);
  void join(Enter& enter);
  void leave(Enter& enter);
  /// Lets one go without a place.
  void shed(Enter& enter, Displacement why);
  /// Lets go those who have waited long enough, then gives places to those whose turn it is.
  void serve();
  /// It has a place: counts it, and sees to it that the place is given back.
  void take(Enter& enter);
  void wake_in_time();
  /// From any thread: serve() soon.
  void ask_to_serve();

  Bulkhead& bulkhead;
  Shard& shard;
  BulkheadRule rule;
  std::uint64_t generation = 0;
  Line line;
  Standing standing;
  std::atomic<std::uint8_t> rank{0};  ///< of the highest class in the line; 0: nobody waits
  std::atomic<bool> asked{false};     ///< a message is on its way
  Counts counts;

 private:
  void left();
  void fire(Time) override { serve(); }
};

}  // namespace weir
