// The pool's comings and goings.
#include "upstream/picking/probes.h"

#include <cmath>

namespace weir {

std::uint32_t hot_load(std::span<const ProbeFacts> probes, double part) {
  std::vector<std::uint32_t> loads;
  loads.reserve(probes.size());
  for (const ProbeFacts& each : probes) loads.push_back(each.load);
  if (loads.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(loads.size() - 1));
  std::ranges::nth_element(loads, loads.begin() + at);
  return loads[static_cast<std::size_t>(at)];
}

double uses_of_a_report(const ProbeRule& rule, std::size_t endpoints) {
  if (rule.uses_max > 0) return rule.uses_max;
  const double kept_part = static_cast<double>(rule.kept) / static_cast<double>(std::max<std::size_t>(endpoints, 1));
  const double grows_by = (1 - kept_part) * rule.per_pick - dropped_per_pick(rule, endpoints);
  if (grows_by <= 0) return ProbePool::uses_unbounded;
  return std::clamp(2 / grows_by, 1.0, static_cast<double>(ProbePool::uses_unbounded));
}

std::uint32_t uses_by_lot(double uses, std::uint64_t draw) {
  const double whole = std::floor(uses);
  const bool up = static_cast<double>(draw >> 11) * 0x1p-53 < uses - whole;
  return static_cast<std::uint32_t>(whole) + (up ? 1 : 0);
}

void ProbePool::add(const ProbeFacts& probe, std::uint32_t uses) {
  const auto known = std::ranges::find(probes_, probe.endpoint, &ProbeFacts::endpoint);
  if (known != probes_.end()) drop(static_cast<std::size_t>(known - probes_.begin()));
  if (probes_.size() >= kept_) drop(0);
  probes_.push_back(probe);
  uses_.push_back(uses);
}

void ProbePool::use(std::uint32_t probe) {
  ProbeFacts& used = probes_[probe];
  used.latency_us += used.latency_us / (used.load + 1);  // it waits behind one more
  ++used.load;
  if (uses_[probe] != uses_unbounded && --uses_[probe] == 0) drop(probe);
}

void ProbePool::tidy(Time now, Duration age_max, double drop_per_pick, double hot_part) {
  for (std::size_t at = probes_.size(); at-- > 0;) {
    if (now - probes_[at].heard_at > age_max) drop(at);
  }
  to_drop_ += drop_per_pick;
  while (to_drop_ >= 1) {
    to_drop_ -= 1;
    drop_worst_ = !drop_worst_;
    if (probes_.size() > kept_least) drop(drop_worst_ ? worst(hot_part) : 0);
  }
}

void ProbePool::drop(std::size_t at) {
  probes_.erase(probes_.begin() + static_cast<std::ptrdiff_t>(at));
  uses_.erase(uses_.begin() + static_cast<std::ptrdiff_t>(at));
}

/// The most loaded of the hot, else the slowest.
std::size_t ProbePool::worst(double hot_part) const {
  const std::uint32_t hot = hot_load(probes_, hot_part);
  const auto at = std::ranges::max_element(probes_, [&](const ProbeFacts& one, const ProbeFacts& other) {
    const bool one_hot = one.load > hot;
    const bool other_hot = other.load > hot;
    if (one_hot != other_hot) return other_hot;
    return one_hot ? one.load < other.load : one.latency_us < other.latency_us;
  });
  return static_cast<std::size_t>(at - probes_.begin());
}

}  // namespace weir
