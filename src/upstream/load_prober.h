// Asks servers for their load beside the requests of one core ("Prequal", NSDI 2024).
//
// Problem: a report that comes with an answer is old when it is needed: the server had the time of a whole request to
// change. Idea: each pick has a few other servers asked, in the background, so that reports at hand are as young as
// requests are frequent; a pick takes what is there and waits for nothing.
//
// Each core asks for itself. So many questions for each pick are the same number for the machine however many cores
// pick; and a report belongs to who picks by it: using it makes it heavier, which other cores would have to be told.
//
// Who is asked, and when, is decided by ClusterState (cluster_reports.cc), which knows who may be picked.
//
// Invariants
//   (1) At most one question per endpoint is under way, and none to an endpoint that is gone or of an upstream that is.
//   (2) Reports are of endpoints that are candidates now, by their numbers now.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "upstream/picking/probes.h"
#include "upstream/probe_counts.h"
#include "upstream/probe_lane.h"

namespace weir {

class Cluster;

class LoadProber final {
 public:
  /// \param hear  told what the endpoint behind a pool's id reported
  using Hear = std::function<void(std::uint64_t endpoint, const LoadReport& report, Duration took)>;

  LoadProber(Shard& shard, Hear hear) : shard_(shard), hear_(std::move(hear)) {}
  LoadProber(const LoadProber&) = delete;
  LoadProber& operator=(const LoadProber&) = delete;

  /// Takes over what a configuration says. Reports stay as long as the question stays the same.
  void adopt(const Cluster& cluster, const Pool::Settings& connections);
  /// Whether the upstream's servers are asked at all.
  [[nodiscard]] bool asks() const { return rule_ != nullptr && !resting_; }

  /// What a pick that is made now may take. \param endpoints  among which one is picked
  [[nodiscard]] std::span<const ProbeFacts> reports(Time now, std::size_t endpoints);
  /// A pick was made. \param report  the one it took, or no_endpoint_number \returns  how many are to be asked now
  unsigned picked(std::uint32_t report);
  /// Asks for the load of an endpoint, unless it still owes an answer. \param snapshot  pinned until it is over
  void ask(const Pool& endpoint, const SnapshotPin& snapshot);
  /// A report came. \param endpoints  among which one is picked
  void add(const ProbeFacts& report, std::size_t endpoints);

  /// Endpoints have other numbers now. \param number_of  gives the new one, or no_endpoint_number
  template <typename NumberOf>
  void renumber(NumberOf number_of) {
    reports_.renumber(number_of);
  }
  /// Endpoints for whose pools `is_there` is false are gone.
  template <typename IsThere>
  void keep_those(IsThere is_there) {
    for (const auto& [endpoint, lane] : lanes_) {
      if (!is_there(endpoint)) lane->close();
    }
    forget_finished();
  }
  /// Nobody new will come, until adopt(): nobody is asked.
  void rest();
  void stop();

 private:
  Task<void> run(ProbeLane& lane, SnapshotPin snapshot);
  ProbeLane& lane_of(const Pool& endpoint);
  void forget_finished();

  Shard& shard_;
  Hear hear_;
  std::shared_ptr<const Balancer> balancer_;  // owns the rule
  const ReportRule* rule_ = nullptr;          // null: nobody is asked
  UpstreamTimeouts timeouts_;
  Pool::Settings connections_;
  std::shared_ptr<ProbeCounts> counts_;
  ProbePool reports_;
  std::unordered_map<std::uint64_t, std::unique_ptr<ProbeLane>> lanes_;  // by the id of the endpoint's pool
  double due_ = 0;  // questions that picks have earned and nobody asked yet
  bool resting_ = false;
};

}  // namespace weir
