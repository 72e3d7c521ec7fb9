// Places, shares, counters.
#include "filters/limit/fleet/hot_table.h"

namespace weir::limit::fleet {
namespace {

/// From -1 to 0: members and cores begin in different places of the same measure, so that a thousand of them do not all
/// let their first request through at once.
double first_credit(std::uint64_t seed, Fingerprint key, unsigned core) {
  const std::uint64_t mixed = (seed ^ key ^ core * 0x9E3779B97F4A7C15U) * 0xBF58476D1CE4E5B9U;
  return -static_cast<double>((mixed ^ (mixed >> 31)) >> 11) * 0x1.0p-53;
}

}  // namespace

HotTable::HotTable(unsigned cores, std::uint64_t seed) : seed_(seed) {
  for (unsigned core = 0; core < cores; ++core) counters_.push_back(std::make_unique<Counters>());
}

ShareFacts HotTable::facts(Place place, Fingerprint key, unsigned core, std::uint64_t cost) {
  Counter& own = counter(place, core);
  if (own.whose != key) {
    own.whose = key;
    own.credit = first_credit(seed_, key, core);
  }
  return {.ratio = ratio_at(place), .credit = own.credit, .cost = cost};
}

void HotTable::refuse(Place place, unsigned core, std::uint64_t cost, double credit) {
  Counter& own = counter(place, core);
  own.offered.add(cost);
  own.credit = credit;
}

void HotTable::admit(Place place, unsigned core, std::uint64_t cost, double credit) {
  Counter& own = counter(place, core);
  own.offered.add(cost);
  own.admitted.add(cost);
  own.credit = credit;
}

void HotTable::take_back(Place place, unsigned core, std::uint64_t cost) {
  Counter& own = counter(place, core);
  own.offered.subtract(cost);
  own.admitted.subtract(cost);
}

std::optional<HotTable::Place> HotTable::put(Fingerprint key) {
  if (const std::optional<Place> there = find(key)) return there;
  const std::size_t first = set_of(key) * places_per_set;
  for (std::size_t at = first; at < first + places_per_set; ++at) {
    if (keys_[at].load(std::memory_order_relaxed) != 0) continue;
    const auto place = static_cast<Place>(at);
    set(place, 1, Mode::kept);
    keys_[at].store(key, std::memory_order_release);
    return place;
  }
  return {};
}

void HotTable::remove(Place place) {
  keys_[place].store(0, std::memory_order_release);
}

void HotTable::set(Place place, double ratio, Mode mode) {
  shares_[place].ratio.store(ratio, std::memory_order_relaxed);
  shares_[place].mode.store(mode, std::memory_order_relaxed);
}

HotTable::Totals HotTable::totals(Place place) const {
  Totals totals;
  for (const auto& core : counters_) {
    totals.offered += (*core)[place].offered.get();
    totals.admitted += (*core)[place].admitted.get();
  }
  return totals;
}

}  // namespace weir::limit::fleet
