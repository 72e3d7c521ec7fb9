// Versions, and who looks for new ones.
#include "contracts/handed_over.h"

#include "base/invariant.h"

namespace weir {

void HandedOver::publish(std::shared_ptr<const void> content) {
  const std::lock_guard lock(handing_over_);
  latest_ = std::move(content);
  version_.fetch_add(1, std::memory_order_release);
}

// Only one core sends somebody to look. The first time nobody goes: what there is has just been made.
bool HandedOver::look_is_due(Time now) {
  std::int64_t due = next_look_.load(std::memory_order_relaxed);
  if (now.time_since_epoch().count() < due) return false;
  const std::int64_t next = deadline_after(now, limits::watched_file_interval).time_since_epoch().count();
  return next_look_.compare_exchange_strong(due, next, std::memory_order_relaxed) && due != 0;
}

const void* HandedOver::on(unsigned shard) {
  invariant(shard < slots_.size(), "a core has a number below limits::shards");
  Slot& slot = slots_[shard];
  if (slot.version != version_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(handing_over_);
    slot.content = latest_;
    slot.version = version_.load(std::memory_order_relaxed);
  }
  return slot.content.get();
}

std::shared_ptr<const void> HandedOver::latest() {
  const std::lock_guard lock(handing_over_);
  return latest_;
}

}  // namespace weir
