// The pool's comings and goings.
#include "upstream/picking/probes.h"

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

void ProbePool::add(const ProbeFacts& probe) {
  std::erase_if(probes_, [&](const ProbeFacts& each) { return each.endpoint == probe.endpoint; });
  if (probes_.size() >= kept_) probes_.erase(probes_.begin());
  probes_.push_back(probe);
}

void ProbePool::use(std::uint32_t probe) {
  ProbeFacts& used = probes_[probe];
  used.latency_us += used.latency_us / (used.load + 1);  // it waits behind one more
  ++used.load;
}

void ProbePool::tidy(Time now, Duration age_max, double drop_per_pick, double hot_part) {
  std::erase_if(probes_, [&](const ProbeFacts& each) { return now - each.heard_at > age_max; });
  to_drop_ += drop_per_pick;
  while (to_drop_ >= 1) {
    to_drop_ -= 1;
    drop_worst_ = !drop_worst_;
    if (probes_.size() <= kept_least) continue;
    if (!drop_worst_) {
      probes_.erase(probes_.begin());
      continue;
    }
    const std::uint32_t hot = hot_load(probes_, hot_part);
    // The most loaded of the hot, else the slowest.
    const auto worst = std::ranges::max_element(probes_, [&](const ProbeFacts& one, const ProbeFacts& other) {
      const bool one_hot = one.load > hot;
      const bool other_hot = other.load > hot;
      if (one_hot != other_hot) return other_hot;
      return one_hot ? one.load < other.load : one.latency_us < other.latency_us;
    });
    probes_.erase(worst);
  }
}

}  // namespace weir
