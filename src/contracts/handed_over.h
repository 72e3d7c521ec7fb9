// Something immutable that is made anew now and then and handed over to the cores: the content of a watched file, the
// certificates of a listener.
//
// Idea: a number says which version is the latest. Each core holds one, compares numbers when it needs it, and takes
// over the latest with its next use: no lock as long as nothing has changed. When it is time to look whether there is
// something new, exactly one core is told so.
//
// Invariants
//   (1) What on() returns stays until the same core calls on() again.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/limits.h"
#include "base/units.h"

namespace weir {

class HandedOver {
 public:
  /// From any thread but a core's.
  void publish(std::shared_ptr<const void> content);
  /// The latest as this core sees it; null when there never was one.
  [[nodiscard]] const void* on(unsigned shard);
  /// The same for those who are on no core.
  [[nodiscard]] std::shared_ptr<const void> latest();
  /// Whether the caller should have somebody look for something new: once in an interval, and not the first time.
  [[nodiscard]] bool look_is_due(Time now);

 private:
  /// What one core holds. Only that core touches it, until everybody has gone.
  struct alignas(64) Slot {
    std::uint64_t version = 0;
    std::shared_ptr<const void> content;
  };

  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::int64_t> next_look_{0};  // reactor clock, nanoseconds
  std::vector<Slot> slots_{limits::shards};

  std::mutex handing_over_;  // of latest_: held for a moment, by cores too
  std::shared_ptr<const void> latest_;
};

}  // namespace weir
