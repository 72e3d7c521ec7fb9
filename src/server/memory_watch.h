// How much memory the process has, and whether that is too much.
//
// Problem: a gateway that is killed by the kernel drops everybody; one that refuses newcomers in time drops nobody.
// Idea: the kernel's own figure (resident pages), read at most every 100 ms and only when somebody asks; any core may
// be the one that reads, all see the answer.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/units.h"

namespace weir {

class MemoryWatch {
 public:
  static constexpr Duration reading_interval = std::chrono::milliseconds{100};

  /// Whether the process holds more than `most` bytes. `unbounded` is never exceeded and reads nothing.
  [[nodiscard]] bool exceeds(ByteCount most, Time now);

  /// Resident bytes of this process; 0 where the system does not tell.
  static ByteCount resident_bytes();

 private:
  std::atomic<std::int64_t> next_reading_{0};  // nanoseconds of the reactors' clock
  std::atomic<ByteCount> resident_{0};
};

}  // namespace weir
