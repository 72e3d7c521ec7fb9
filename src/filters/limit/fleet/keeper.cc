// Promote, gather, publish, forget.
#include "filters/limit/fleet/keeper.h"

#include <algorithm>
#include <ranges>

namespace weir::limit::fleet {
namespace {

constexpr Duration fade_after = std::chrono::seconds{1};

}  // namespace

double hot_from(const Allowance& allowance, std::size_t members) {
  return std::max(1.0, allowance.burst / static_cast<double>(members));
}

void Keeper::consider(Fingerprint key, std::uint64_t seen) {
  const auto weight = static_cast<double>(seen);
  if (weight >= hot_from_) (void)place_of(key, weight);
}

void Keeper::gather(Member& member, Time now) {
  fade(now);
  for (const Place place : used_) {
    Kept& kept = kept_[place];
    const HotTable::Totals totals = table_.totals(place);
    // What was taken back may make a difference negative: it is made up for by the next.
    const auto offered = static_cast<std::int64_t>(totals.offered - kept.handed_over.offered);
    const auto admitted = static_cast<std::int64_t>(totals.admitted - kept.handed_over.admitted);
    kept.handed_over = totals;
    kept.weight += static_cast<double>(offered);
    member.count({.key = table_.key_at(place),
                  .rule = rule_,
                  .allowance = allowance_,
                  .offered = static_cast<double>(offered),
                  .admitted = static_cast<double>(admitted),
                  .weight = kept.weight},
                 now);
  }
}

void Keeper::publish(const Share& share) {
  const std::optional<Place> place = place_of(share.key, 0);
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

/// Where a key is, or will be from now on; nothing when there is no room, and nobody lighter.
std::optional<HotTable::Place> Keeper::place_of(Fingerprint key, double weight) {
  std::optional<Place> place = table_.put(key);
  if (place && kept_[*place].used) return place;
  if (!place) {
    const Place lightest = lightest_beside(key);
    if (kept_[lightest].weight >= weight) return {};
    table_.remove(lightest);
    place = table_.put(key);
  }
  if (!kept_[*place].used) used_.push_back(*place);
  kept_[*place] = {.handed_over = table_.totals(*place), .weight = weight, .used = true, .published = false};
  return place;
}

HotTable::Place Keeper::lightest_beside(Fingerprint key) const {
  const Place first = HotTable::first_place(key);
  const auto beside = std::views::iota(first, static_cast<Place>(first + HotTable::places_per_set));
  return *std::ranges::min_element(beside, {}, [&](Place place) { return kept_[place].weight; });
}

/// As the sketches do, so that weights of keys that have a place and of others are comparable.
void Keeper::fade(Time now) {
  if (now - faded_ < fade_after) return;
  faded_ = now;
  for (const Place place : used_) kept_[place].weight /= 2;
}

}  // namespace weir::limit::fleet
