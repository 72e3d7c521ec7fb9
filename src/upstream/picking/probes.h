// What servers said of their load lately: a few reports, each good for a few picks ("Prequal", NSDI 2024).
//
// Problem: a gateway among many sees only its own requests; what a server really has in flight only the server knows.
// Idea: a small pool of reports. A pick that takes one makes it heavier by the request that is sent now, and uses it up
// after a while; every pick drops one more, in turn the oldest and the worst, so that the pool neither grows stale nor
// keeps only those that nobody wants.
#pragma once

#include <algorithm>

#include "contracts/balancer.h"

namespace weir {

/// The load above which a server is "hot": the given part of the reports is at most as loaded.
std::uint32_t hot_load(std::span<const ProbeFacts> probes, double part);

class ProbePool {
 public:
  explicit ProbePool(std::size_t kept = 16) : kept_(kept) {}

  [[nodiscard]] std::span<const ProbeFacts> probes() const { return probes_; }
  /// A server has told; what it told before is forgotten, and so is the oldest when there are too many.
  void add(const ProbeFacts& probe);
  /// A request was sent to the server of a report.
  void use(std::uint32_t probe);
  /// Once per pick: drops what is too old, and now and then the oldest or the worst.
  void tidy(Time now, Duration age_max, double drop_per_pick, double hot_part);
  void clear() { probes_.clear(); }

 private:
  static constexpr std::size_t kept_least = 2;  ///< below this a pool has no choice to offer
  std::size_t kept_;
  std::vector<ProbeFacts> probes_;  // the oldest first
  double to_drop_ = 0;
  bool drop_worst_ = false;
};

}  // namespace weir
