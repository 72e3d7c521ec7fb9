// Memory that is zero and untouched until it is used.
#include "filters/limit/table.h"

#include <sys/mman.h>

#include <algorithm>

#include "base/invariant.h"

namespace weir {
namespace {

constexpr std::size_t set_bytes = LimitTable::slots_per_set * sizeof(LimitTable::Slot);
constexpr std::size_t huge_page_bytes = 2 * 1024 * 1024;

std::size_t align_up(std::size_t value, std::size_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/// A random key is a miss of the translation buffer as well as of the cache; large pages leave the one miss.
void prefer_huge_pages(void* begin, std::size_t bytes) {
  const std::size_t first = align_up(reinterpret_cast<std::size_t>(begin), huge_page_bytes);
  const std::size_t end = (reinterpret_cast<std::size_t>(begin) + bytes) / huge_page_bytes * huge_page_bytes;
  // Advice: a kernel that will not take it changes nothing but time.
  if (end > first) (void)::madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

}  // namespace

static_assert(set_bytes == 128);

LimitTable::LimitTable(std::uint64_t keys)
    : sets_(std::max<std::size_t>(1, keys * bytes_per_key / set_bytes)),
      memory_(std::calloc(sets_ * set_bytes + set_bytes, 1)) {
  invariant(memory_ != nullptr, "the memory of a limit's table can be reserved");
  slots_ = reinterpret_cast<Slot*>(align_up(reinterpret_cast<std::size_t>(memory_.get()), set_bytes));
  prefer_huge_pages(slots_, bytes());
}

bool LimitTable::take(const Found& found, std::uint64_t hash) {
  std::uint64_t expected = found.owner;
  if (expected == hash) return true;
  if (!found.slot->hash.compare_exchange_strong(expected, hash, std::memory_order_acq_rel)) return false;
  // Another core may have made a slot for the same key since this one looked, and have charged it for as long as this
  // one stood still. The last of the set stays: whoever stands in front of another gives way.
  for (Slot& slot : set_of(hash)) {
    if (&slot == found.slot || slot.hash.load(std::memory_order_acquire) != hash) continue;
    expected = hash;
    if (&slot > found.slot) (void)found.slot->hash.compare_exchange_strong(expected, 0, std::memory_order_acq_rel);
    return false;
  }
  return true;
}

}  // namespace weir
