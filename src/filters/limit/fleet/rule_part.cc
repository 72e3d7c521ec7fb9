// Asking the ratio, and leaving a count.
#include "filters/limit/fleet/rule_part.h"

#include <algorithm>

namespace weir::limit::fleet {
namespace {

constexpr Duration fade_after = std::chrono::seconds{1};

}  // namespace

Looked RulePart::look(Fingerprint key, unsigned core, std::uint64_t cost) {
  const std::optional<HotTable::Place> place = table_.find(key);
  if (!place) return {};
  Looked looked{.hot = true, .place = *place, .mode = table_.mode(*place), .facts = {}, .verdict = {}};
  looked.facts = table_.facts(*place, key, core, cost);
  looked.verdict = decide_share(looked.facts);
  return looked;
}

void RulePart::admit(const Looked& looked, Fingerprint key, unsigned core, std::uint64_t cost, Time now) {
  if (looked.hot) return table_.admit(looked.place, core, cost, looked.verdict.credit);
  see(key, core, cost, now);
}

void RulePart::refuse(const Looked& looked, Fingerprint key, unsigned core, std::uint64_t cost, Time now) {
  if (!looked.hot) return see(key, core, cost, now);
  // Refused by the machine's own bucket: its part of the ratio was not used.
  const double credit = looked.verdict.admitted ? looked.facts.credit : looked.verdict.credit;
  table_.refuse(looked.place, core, cost, credit);
}

void RulePart::take_back(const Looked& looked, unsigned core, std::uint64_t cost) {
  if (looked.hot) table_.take_back(looked.place, core, cost);
}

std::vector<RulePart::SeenKey> RulePart::seen(Time now) const {
  std::vector<SeenKey> all;
  for (const Seen& core : seen_) {
    // A core that has met nobody since has not faded what it saw, either.
    if (now - core.faded.load(std::memory_order_relaxed) >= 2 * fade_after) continue;
    core.keys.for_each([&](std::uint64_t key, std::uint64_t seen) { all.push_back({.key = key, .seen = seen}); });
  }
  std::ranges::sort(all, {}, &SeenKey::key);
  std::vector<SeenKey> joined;
  for (const SeenKey& each : all) {
    if (!joined.empty() && joined.back().key == each.key) {
      joined.back().seen += each.seen;
    } else {
      joined.push_back(each);
    }
  }
  return joined;
}

void RulePart::see(Fingerprint key, unsigned core, std::uint64_t cost, Time now) {
  Seen& seen = seen_[core];
  if (now - seen.faded.load(std::memory_order_relaxed) >= fade_after) {
    seen.faded.store(now, std::memory_order_relaxed);
    seen.keys.fade();
  }
  seen.keys.count(key, [] { return std::string_view(); }, cost);
}

}  // namespace weir::limit::fleet
