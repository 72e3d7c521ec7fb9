// The way on which one endpoint is asked for its load: a connection of its own, and one question at a time.
//
// Problem: a question that takes a request's connection makes that request open another; one that stands in line for
// a busy endpoint makes the line longer, and its answer is old when it comes.
// Idea: a pool of one connection beside the one for requests, with no line: a question that is not over when the next
// is due is answer enough. It speaks what requests speak (TLS, HTTP/2), is idle as long as they may be, and is closed
// when the endpoint goes, as theirs are.
//
// Invariants
//   (1) Never more than one question and one connection.
//   (2) Nothing of it counts among the endpoint's requests in flight.
#pragma once

#include "contracts/exchange.h"
#include "upstream/picking/load_report.h"
#include "upstream/pool.h"

namespace weir {

class ProbeLane final {
 public:
  ProbeLane(Shard& shard, const Pool& endpoint, const Pool::Settings& settings)
      : shard_(shard),
        endpoint_(endpoint.id()),
        pool_(shard, endpoint.address(), endpoint.id(), settings_of_lane(settings)) {}
  ProbeLane(const ProbeLane&) = delete;
  ProbeLane& operator=(const ProbeLane&) = delete;

  /// The id of the endpoint's pool.
  [[nodiscard]] std::uint64_t endpoint() const { return endpoint_; }
  [[nodiscard]] bool busy() const { return busy_; }
  [[nodiscard]] bool closed() const { return pool_.closed(); }
  /// Closed, and nothing refers to it any more: may be destroyed.
  [[nodiscard]] bool finished() const { return !busy_ && pool_.finished(); }

  /// Takes over what a new configuration says; opens a lane that was closed.
  void configure(const Pool::Settings& settings) { pool_.configure(settings_of_lane(settings)); }
  /// A question that is under way is given up, its connection closed; no other may be asked.
  void close();
  /// The shard is ending.
  void stop();

  /// Asks once, when those who are ready now have had their turn. \pre  not busy
  /// \param rule, timeouts  outlive the call
  /// \returns  nothing when there was an answer without a report
  /// \errors   those of Pool::Acquire and ClientSession::send; attempt_timeout; canceled
  Task<Result<std::optional<LoadReport>>> ask(const ReportRule& rule, const UpstreamTimeouts& timeouts,
                                              SnapshotPin snapshot);

 private:
  using Heard = Result<std::optional<LoadReport>>;

  static Pool::Settings settings_of_lane(Pool::Settings settings) {
    settings.limits.max = 1;
    settings.limits.queue = 0;
    settings.limits.idle_max = std::min<std::uint32_t>(settings.limits.idle_max, 1);
    return settings;
  }
  Task<Heard> converse(const ReportRule& rule, const UpstreamTimeouts& timeouts, SnapshotPin snapshot);
  Task<Heard> send(Exchange& exchange, const ReportRule& rule, const UpstreamTimeouts& timeouts);

  Shard& shard_;
  const std::uint64_t endpoint_;
  Pool pool_;
  CancellationRegion* region_ = nullptr;
  bool busy_ = false;
};

}  // namespace weir
