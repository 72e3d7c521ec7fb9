// The rate of questions, and what becomes of each.
#include "upstream/load_prober.h"

#include "upstream/cluster.h"

namespace weir {
namespace {

bool same_question(const ReportRule& one, const ReportRule& other) {
  return one.header == other.header && one.load == other.load && one.latency == other.latency &&
         one.probes.path == other.probes.path && one.probes.host == other.probes.host;
}

}  // namespace

void LoadProber::adopt(const Cluster& cluster, const Pool::Settings& connections) {
  const std::shared_ptr<const Balancer> former = std::exchange(balancer_, cluster.settings().balancer);
  const ReportRule* const former_rule = rule_;
  rule_ = balancer_->reports();
  if (rule_ != nullptr && rule_->probes.path.empty()) rule_ = nullptr;
  counts_ = cluster.probe_counts();
  timeouts_ = cluster.timeouts();
  connections_ = connections;
  resting_ = false;
  if (rule_ == nullptr) {
    reports_.clear();
    for (const auto& [endpoint, lane] : lanes_) lane->close();
    return forget_finished();
  }
  if (former_rule == nullptr || !same_question(*former_rule, *rule_)) reports_.clear();
  reports_.keep_at_most(rule_->probes.kept);
  for (const auto& [endpoint, lane] : lanes_) lane->configure(connections_);
}

std::span<const ProbeFacts> LoadProber::reports(Time now, std::size_t endpoints) {
  reports_.tidy(now, rule_->report_age_max, dropped_per_pick(rule_->probes, endpoints), rule_->hot_part);
  return reports_.probes();
}

unsigned LoadProber::picked(std::uint32_t report) {
  if (report != no_endpoint_number) {
    reports_.use(report);
    counts_->core(shard_.id).picks.add();
  }
  due_ += rule_->probes.per_pick;
  const auto now = static_cast<unsigned>(due_);
  due_ -= now;
  return now;
}

void LoadProber::ask(const Pool& endpoint, const SnapshotPin& snapshot) {
  ProbeLane& lane = lane_of(endpoint);
  if (lane.busy()) return counts_->core(shard_.id).skipped.add();
  shard_.scope.spawn(run(lane, snapshot.again()));
}

/// What came is believed only if it is still asked for: a reload may ask another page by now.
Task<void> LoadProber::run(ProbeLane& lane, SnapshotPin snapshot) {
  const std::shared_ptr<const Balancer> balancer = balancer_;
  const std::shared_ptr<ProbeCounts> counts = counts_;
  const ReportRule& rule = *rule_;
  const UpstreamTimeouts timeouts = timeouts_;
  const Time began = shard_.reactor.now();
  const auto heard = co_await lane.ask(rule, timeouts, std::move(snapshot));
  ProbeCounts::Core& core = counts->core(shard_.id);
  (!heard ? core.failed : *heard ? core.reported : core.silent).add();
  if (heard && *heard && asks() && same_question(rule, *rule_)) {
    hear_(lane.endpoint(), **heard, shard_.reactor.now() - began);
  }
}

void LoadProber::add(const ProbeFacts& report, std::size_t endpoints) {
  const double uses = uses_of_a_report(rule_->probes, endpoints);
  reports_.add(report, uses_by_lot(uses, shard_.reactor.random().next()));
}

ProbeLane& LoadProber::lane_of(const Pool& endpoint) {
  std::unique_ptr<ProbeLane>& lane = lanes_[endpoint.id()];
  if (lane == nullptr) lane = std::make_unique<ProbeLane>(shard_, endpoint, connections_);
  if (lane->closed()) lane->configure(connections_);  // its endpoint has come back
  return *lane;
}

void LoadProber::forget_finished() {
  std::erase_if(lanes_, [](const auto& entry) { return entry.second->finished(); });
}

void LoadProber::rest() {
  resting_ = true;
  reports_.clear();
  for (const auto& [endpoint, lane] : lanes_) lane->close();
  forget_finished();
}

void LoadProber::stop() {
  resting_ = true;
  for (const auto& [endpoint, lane] : lanes_) lane->stop();
}

}  // namespace weir
