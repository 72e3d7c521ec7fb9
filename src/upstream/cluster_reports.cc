// What servers tell of their load: with their answers, and when they are asked for it.
#include <algorithm>

#include "upstream/cluster_state.h"
#include "upstream/picking/draws.h"
#include "upstream/picking/latency.h"

namespace weir {

void ClusterState::learn(const Pool& pool, Duration took, const ResponseHead& head) {
  if (!pool.has_seat()) return;
  EndpointFacts& facts = facts_[pool.number()];
  if (const Duration decay = balancer_->latency_decay(); decay > Duration::zero()) {
    weir::observe_latency(facts, took, shard_.reactor.now(), decay);
  }
  const ReportRule* rule = balancer_->reports();
  if (rule == nullptr) return;
  if (const auto report = report_in(head.fields, *rule)) take_report(facts, *report, took);
}

void ClusterState::take_report(EndpointFacts& facts, const LoadReport& report, Duration took) const {
  const auto took_us = static_cast<std::uint32_t>(std::clamp<std::int64_t>(took.count() / 1000, 0, 4'000'000'000));
  facts.reported_load = report.load;
  facts.reported_latency_us = report.latency_us.value_or(took_us);
  facts.reported_at = shard_.reactor.now();
}

/// Those who may be picked are asked, each as often as its weight says, on the side of the zone that requests go to.
void ClusterState::ask_for_loads(const SnapshotPin& snapshot) {
  unsigned due = prober_.picked(last_probe_);
  last_probe_ = no_endpoint_number;
  last_.probes = {};  // using one has changed them
  if (due == 0) return;
  const std::uint64_t draw = shard_.reactor.random().next();
  const PickFacts facts{.endpoints = facts_, .group = roster_.choose(draw), .draw = draw};
  if (facts.group == nullptr) return;
  Draws draws(facts);
  for (; due > 0; --due) {
    const std::optional<std::uint32_t> number = draws.next();
    if (!number) return;
    prober_.ask(pool_of(*number), snapshot);
  }
}

/// Who does not say how long a request takes is believed to take as long as requests of ours took.
void ClusterState::hear(std::uint64_t pool_id, const LoadReport& report, Duration took) {
  const Pool* pool = find(pool_id);
  if (pool == nullptr) return;
  EndpointFacts& facts = facts_[pool->number()];
  take_report(facts, report, facts.latency_us > 0 ? std::chrono::microseconds{facts.latency_us} : took);
  prober_.add({.endpoint = pool->number(),
               .load = report.load,
               .latency_us = facts.reported_latency_us,
               .heard_at = facts.reported_at},
              roster_.members());
}

}  // namespace weir
