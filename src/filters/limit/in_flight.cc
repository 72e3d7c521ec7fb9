// Entering is a compare-and-swap that does not pass the limit.
#include "filters/limit/in_flight.h"

namespace weir {
namespace {

std::uint64_t itself(std::uint64_t count) {
  return count;
}

}  // namespace

LimitTable::Slot* InFlight::enter(std::uint64_t hash, std::uint64_t limit, std::uint64_t& others) {
  hash = LimitTable::usable(hash);
  while (true) {
    const LimitTable::Found found = table_.find(hash, itself);
    std::uint64_t count = found.slot->state.load(std::memory_order_acquire);
    others = count;
    if (count >= limit) return nullptr;
    if (found.owner != hash && count == 0 && !table_.take(found, hash)) continue;
    if (found.slot->state.compare_exchange_strong(count, count + 1, std::memory_order_acq_rel)) return found.slot;
  }
}

std::uint64_t InFlight::count(std::uint64_t hash) {
  const LimitTable::Found found = table_.find(LimitTable::usable(hash), itself);
  return found.slot->state.load(std::memory_order_acquire);
}

}  // namespace weir
