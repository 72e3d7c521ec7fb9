// A group of endpoints that serve the same thing, as configured.
//
// Idea: the Cluster is part of a configuration and never changes; what moves (pools, the turn counter, resolved names)
// is the core's ClusterState, found by name, so that a reload finds its connections again (upstream/cluster_state.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "contracts/balancer.h"
#include "contracts/node.h"
#include "contracts/roster.h"
#include "contracts/session.h"
#include "net/address.h"
#include "net/proxy_protocol.h"
#include "overload/bulkhead_use.h"
#include "overload/circuit_breaker.h"
#include "upstream/health_rules.h"
#include "upstream/hedge.h"
#include "upstream/retry.h"
#include "upstream/sticky.h"
#include "upstream/subset.h"

namespace weir {

class ClusterHealth;  // upstream/endpoint_health.h
class ClusterState;
class IntroducingProtocol;  // upstream/introduction.h
class ProbeCounts;          // upstream/probe_counts.h
class SharedStates;         // contracts/shared_states.h
template <typename T>
class WatchedFile;  // contracts/watched_file.h

struct ClusterEndpoint {
  Endpoint endpoint;
  std::uint32_t weight = 1;   ///< at least 1
  std::uint8_t priority = 0;  ///< backups have a higher one
  std::string zone{};         ///< empty: near to everybody
  friend bool operator==(const ClusterEndpoint&, const ClusterEndpoint&) = default;
};

/// \param zone  of the gateway; where it, or the endpoint, has none, all are near
inline bool is_near(const ClusterEndpoint& endpoint, std::string_view zone) {
  return zone.empty() || endpoint.zone.empty() || endpoint.zone == zone;
}

/// What a file of endpoints holds.
struct EndpointList {
  std::vector<ClusterEndpoint> endpoints;
};

/// What the configuration says about an upstream.
struct ClusterSettings {
  std::string name;
  Place place;
  std::vector<ClusterEndpoint> endpoints;
  std::vector<std::shared_ptr<WatchedFile<EndpointList>>> endpoint_files;  ///< that name more
  SubsetRule subset;
  UpstreamTimeouts timeouts;
  ConnectionLimits connections;                       ///< per endpoint and core
  Duration resolve_every = std::chrono::seconds{30};  ///< no_limit: only once
  RetrySettings retries;
  HedgeSettings hedge;
  /// In which upstreams are told how many milliseconds are left of the request's time, lower case; empty: they are not.
  std::string deadline_field;
  unsigned cores = 1;  ///< that share the budgets
  std::shared_ptr<const Balancer> balancer;
  std::string zone{};                      ///< of the gateway; empty: all endpoints are near
  Duration slow_start = Duration::zero();  ///< how long an endpoint that comes (back) warms up
  RosterRules roster;
  std::optional<CircuitBreaker> circuit_breaker;
  std::optional<BulkheadUse> concurrency;
  std::shared_ptr<const StickyRule> sticky;  ///< null: the balancer is always asked
  HealthRules health;
  UpstreamProtocol speaks = UpstreamProtocol::http;
  std::optional<proxy_protocol::Version> introduction{};  ///< nothing: connections begin without a PROXY header
  const IntroducingProtocol* introducing = nullptr;       ///< `protocol`, where they begin with one
  const ClientProtocol* protocol =
      nullptr;  ///< of what it speaks; lives as long as the process, or is `owned_protocol`
  std::shared_ptr<const ClientProtocol> owned_protocol{};
};

class Cluster {
 public:
  /// \param states  where what is known of its endpoints is kept over reloads; null: it keeps its own
  /// \param cores   that serve: shards have the numbers below it
  explicit Cluster(ClusterSettings settings, SharedStates* states = nullptr, unsigned cores = 1);

  [[nodiscard]] const std::string& name() const { return settings_.name; }
  /// Name and protocol: an upstream that speaks another protocol from now on is another one.
  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] Place place() const { return settings_.place; }
  [[nodiscard]] const ClusterSettings& settings() const { return settings_; }
  [[nodiscard]] const UpstreamTimeouts& timeouts() const { return settings_.timeouts; }
  /// Each try has a limit, may have another beside it, or is over when its answer is whole (upstream/race.h).
  [[nodiscard]] bool races() const { return races_; }
  [[nodiscard]] const Balancer& balancer() const { return *settings_.balancer; }
  /// Of the balancer, when all endpoints are literal addresses; null: it needs none, or names must be resolved first.
  [[nodiscard]] const std::shared_ptr<const BalancerTable>& table() const { return table_; }
  /// Later made, higher: of two configurations that run side by side the newer one rules the pools.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  /// What the whole machine knows of its endpoints.
  [[nodiscard]] const std::shared_ptr<ClusterHealth>& health() const { return health_; }

  /// What became of questions for the servers' load; null where none are asked.
  [[nodiscard]] const std::shared_ptr<ProbeCounts>& probe_counts() const { return probe_counts_; }

  /// Those written in the configuration, and those of its files as they are now.
  [[nodiscard]] std::vector<ClusterEndpoint> endpoints() const;

  /// The core's side of it, brought up to this configuration when that is the newest seen. Called per request; the
  /// server also calls it when a new configuration arrives, so that endpoints that are gone are drained at once.
  ClusterState& state(Shard& shard) const;
  /// The newest configuration does not name the upstream any more: its idle connections are closed, and those in use
  /// are closed behind their exchange. What still runs on this configuration is served.
  void retire(Shard& shard) const;

 private:
  ClusterSettings settings_;
  std::string key_;
  StateKey state_key_;
  std::shared_ptr<const BalancerTable> table_;
  std::uint64_t generation_;
  bool races_;
  std::shared_ptr<ClusterHealth> health_;
  std::shared_ptr<ProbeCounts> probe_counts_;
};

}  // namespace weir
