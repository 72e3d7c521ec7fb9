// Promote, gather, publish, forget.
#include "filters/limit/fleet/keeper.h"

#include <algorithm>

namespace weir::limit::fleet {

double hot_from(const Allowance& allowance, std::size_t members) {
  return std::max(1.0, allowance.burst / static_cast<double>(members));
}

void Keeper::consider(Fingerprint key, std::uint64_t seen) {
  if (static_cast<double>(seen) >= hot_from_) (void)place_of(key);
}

void Keeper::gather(Member& member, Time now) {
  for (const Place place : used_) {
    Kept& kept = kept_[place];
    const HotTable::Totals totals = table_.totals(place);
    // What was taken back may make a difference negative: it is made up for by the next.
    const auto offered = static_cast<std::int64_t>(totals.offered - kept.handed_over.offered);
    const auto admitted = static_cast<std::int64_t>(totals.admitted - kept.handed_over.admitted);
    kept.handed_over = totals;
    member.count({.key = table_.key_at(place),
                  .rule = rule_,
                  .allowance = allowance_,
                  .offered = static_cast<double>(offered),
                  .admitted = static_cast<double>(admitted)},
                 now);
  }
}

void Keeper::publish(const Share& share) {
  const std::optional<Place> place = place_of(share.key);
  if (!place) return;
  table_.set(*place, share.ratio, share.mode);
  kept_[*place].published = true;
}

void Keeper::sweep() {
  std::erase_if(used_, [&](Place place) {
    Kept& kept = kept_[place];
    const bool forgotten = !kept.published;
    kept.published = false;
    if (!forgotten) return false;
    table_.remove(place);
    kept.used = false;
    return true;
  });
}

/// Where a key is, or will be from now on; nothing when there is no room.
std::optional<HotTable::Place> Keeper::place_of(Fingerprint key) {
  const std::optional<Place> place = table_.put(key);
  if (!place || kept_[*place].used) return place;
  kept_[*place] = {.handed_over = table_.totals(*place), .used = true, .published = false};
  used_.push_back(*place);
  return place;
}

}  // namespace weir::limit::fleet
