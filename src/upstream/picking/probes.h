// What servers said of their load lately: a few reports, each good for a few picks ("Prequal", NSDI 2024).
//
// Problem: a gateway among many sees only its own requests; what a server really has in flight only the server knows.
// Idea: a small pool of reports. A pick that takes one makes it heavier by the request that is sent now, and uses it up
// after a while; every pick drops a few more, in turn the oldest and the worst, so that the pool neither grows stale
// nor keeps only those that nobody wants. For three reports that come one is dropped, as in the paper; where there is
// room for a report of every endpoint none is, since what comes takes the place of what was there.
#pragma once

#include <algorithm>

#include "contracts/balancer.h"

namespace weir {

/// The load above which a server is "hot": the given part of the reports is at most as loaded.
std::uint32_t hot_load(std::span<const ProbeFacts> probes, double part);

/// Reports that a pick drops beside the one it uses. \param endpoints  among which one is picked
constexpr double dropped_per_pick(const ProbeRule& rule, std::size_t endpoints) {
  return endpoints <= rule.kept ? 0 : rule.per_pick / 3;
}

/// For how many picks a report is good, on average: so many that the pool neither runs dry nor overflows. That is
/// max(1, (1 + d) / ((1 - m/n) p - r)) with the paper's d = 1; m reports kept, n endpoints, p asked and r dropped for
/// each pick. Where nearly all endpoints are in the pool, what comes only takes the place of what was there: then a
/// report is good as long as it is young.
double uses_of_a_report(const ProbeRule& rule, std::size_t endpoints);

/// The same as a whole number, rounded up as often as its fraction says. \param draw  random bits
std::uint32_t uses_by_lot(double uses, std::uint64_t draw);

class ProbePool {
 public:
  static constexpr std::uint32_t uses_unbounded = ~std::uint32_t{0};

  explicit ProbePool(std::size_t kept = 16) : kept_(kept) {}

  [[nodiscard]] std::span<const ProbeFacts> probes() const { return probes_; }
  /// A server has told; what it told before is forgotten, and so is the oldest when there are too many.
  /// \param uses  picks it is good for, at least 1
  void add(const ProbeFacts& probe, std::uint32_t uses = uses_unbounded);
  /// A request was sent to the server of a report.
  void use(std::uint32_t probe);
  /// Once per pick: drops what is too old, and now and then the oldest or the worst.
  void tidy(Time now, Duration age_max, double drop_per_pick, double hot_part);
  /// Endpoints have other numbers now. \param number_of  gives the new one, or no_endpoint_number
  template <typename NumberOf>
  void renumber(NumberOf number_of) {
    for (std::size_t at = probes_.size(); at-- > 0;) {
      probes_[at].endpoint = number_of(probes_[at].endpoint);
      if (probes_[at].endpoint == no_endpoint_number) drop(at);
    }
  }
  void keep_at_most(std::size_t kept) {
    kept_ = kept;
    while (probes_.size() > kept_) drop(0);
  }
  void clear() {
    probes_.clear();
    uses_.clear();
  }

 private:
  static constexpr std::size_t kept_least = 2;  ///< below this a pool has no choice to offer
  void drop(std::size_t at);
  [[nodiscard]] std::size_t worst(double hot_part) const;

  std::size_t kept_;
  std::vector<ProbeFacts> probes_;   // the oldest first
  std::vector<std::uint32_t> uses_;  // that are left of each
  double to_drop_ = 0;
  bool drop_worst_ = false;
};

}  // namespace weir
