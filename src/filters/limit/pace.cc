// All products are taken in 128 bits: gibibytes times nanoseconds.
#include "filters/limit/pace.h"

#include <algorithm>

namespace weir::limit {
namespace {

__extension__ using Wide = unsigned __int128;
constexpr std::uint64_t second = 1'000'000'000;

/// Until the bucket is full again, seen from now.
std::uint64_t owed(std::uint64_t state, Time now) {
  const auto ahead = static_cast<std::int64_t>(state) - now.time_since_epoch().count();
  return ahead > 0 ? static_cast<std::uint64_t>(ahead) : 0;
}

std::uint64_t state_of(Time now, std::uint64_t owed) {
  return static_cast<std::uint64_t>(now.time_since_epoch().count()) + owed;
}

}  // namespace

std::uint64_t nanoseconds_of(const Pace& pace, ByteCount bytes) {
  return static_cast<std::uint64_t>((Wide{bytes} * second + pace.bytes_per_second - 1) / pace.bytes_per_second);
}

Turn take_turn(const Pace& pace, std::uint64_t state, Time now, ByteCount bytes) {
  // Rounded down, where the cost of bytes is rounded up: never more at once than the burst.
  const auto full = static_cast<std::uint64_t>(Wide{pace.burst} * second / pace.bytes_per_second);
  std::uint64_t before = owed(state, now);
  if (before > full + static_cast<std::uint64_t>(queue_max.count())) before = full;  // the clock went back
  const std::uint64_t after = before + nanoseconds_of(pace, bytes);
  const std::uint64_t wait = after > full ? after - full : 0;
  return {.state = state_of(now, after), .wait = Duration{static_cast<std::int64_t>(wait)}};
}

std::uint64_t give_back(const Pace& pace, std::uint64_t state, Time now, ByteCount bytes) {
  // Rounded down: what is given back never was more than it cost.
  const auto back = static_cast<std::uint64_t>(Wide{bytes} * second / pace.bytes_per_second);
  const std::uint64_t before = owed(state, now);
  return before > back ? state_of(now, before - back) : 0;
}

LimitTable::Found PaceTable::find(std::uint64_t hash, Time now) {
  return table_.find(hash, [&](std::uint64_t state) { return owed(state, now); });
}

Duration PaceTable::take_within(std::uint64_t hash, Time now, ByteCount bytes, Duration patience) {
  hash = LimitTable::usable(hash);
  while (true) {
    const LimitTable::Found found = find(hash, now);
    std::uint64_t before = found.slot->state.load(std::memory_order_acquire);
    const Turn turn = take_turn(pace_, before, now, bytes);
    if (turn.wait > patience) return turn.wait;
    if (found.owner != hash && !table_.take(found, hash)) continue;
    if (!found.slot->state.compare_exchange_strong(before, turn.state, std::memory_order_acq_rel)) continue;
    // The slot may have been taken over between the two steps: then somebody else waits, and this key takes another.
    if (found.slot->hash.load(std::memory_order_acquire) == hash) return turn.wait;
  }
}

Duration PaceTable::take(std::uint64_t hash, Time now, ByteCount bytes) {
  return take_within(hash, now, bytes, Duration::max());
}

bool PaceTable::take_now(std::uint64_t hash, Time now, ByteCount bytes) {
  return take_within(hash, now, bytes, Duration{}) == Duration{};
}

void PaceTable::give_back(std::uint64_t hash, Time now, ByteCount bytes) {
  hash = LimitTable::usable(hash);
  while (true) {
    const LimitTable::Found found = find(hash, now);
    if (found.owner != hash) return;
    std::uint64_t before = found.slot->state.load(std::memory_order_acquire);
    const std::uint64_t after = limit::give_back(pace_, before, now, bytes);
    if (found.slot->state.compare_exchange_strong(before, after, std::memory_order_acq_rel)) return;
  }
}

}  // namespace weir::limit
