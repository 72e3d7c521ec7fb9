// Entering is a compare-and-swap that does not pass the limit. A word holds how many are in a slot, and above that how
// many of them are guests.
#include "filters/limit/in_flight.h"

namespace weir {
namespace {

constexpr unsigned count_bits = 32;
constexpr std::uint64_t one_guest = std::uint64_t{1} << count_bits;

std::uint64_t count_in(std::uint64_t word) {
  return word & (one_guest - 1);
}

std::uint64_t guests_in(std::uint64_t word) {
  return word >> count_bits;
}

std::uint64_t word_of_one(bool guest) {
  return guest ? one_guest + 1 : 1;
}

}  // namespace

std::uint64_t InFlight::count_beside(std::uint64_t hash, const LimitTable::Slot& slot) const {
  std::uint64_t count = 0;
  for (const LimitTable::Slot& other : table_.set_of(hash)) {
    if (&other == &slot) continue;
    const std::uint64_t word = other.state.load(std::memory_order_acquire);
    count += other.hash.load(std::memory_order_acquire) == hash ? count_in(word) : guests_in(word);
  }
  return count;
}

InFlight::Place InFlight::enter(std::uint64_t hash, std::uint64_t limit, std::uint64_t& others) {
  hash = LimitTable::usable(hash);
  while (true) {
    const LimitTable::Found found = table_.find(hash, count_in);
    std::uint64_t word = found.slot->state.load(std::memory_order_acquire);
    others = count_in(word) + count_beside(hash, *found.slot);
    if (others >= limit) return {};
    const bool guest = found.owner != hash && count_in(word) > 0;
    if (found.owner != hash && !guest && !table_.take(found, hash)) continue;
    const Place place{.slot = found.slot, .guest = guest};
    if (!found.slot->state.compare_exchange_strong(word, word + word_of_one(guest), std::memory_order_acq_rel))
      continue;
    // The slot may have been taken over between the two steps: then the key has another, in which it is looked for.
    if (guest || found.slot->hash.load(std::memory_order_acquire) == hash) return place;
    leave(place);
  }
}

void InFlight::leave(const Place& place) {
  place.slot->state.fetch_sub(word_of_one(place.guest), std::memory_order_acq_rel);
}

std::uint64_t InFlight::count(std::uint64_t hash) {
  hash = LimitTable::usable(hash);
  const LimitTable::Found found = table_.find(hash, count_in);
  return count_in(found.slot->state.load(std::memory_order_acquire)) + count_beside(hash, *found.slot);
}

}  // namespace weir
