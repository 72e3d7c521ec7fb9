// One try of a request: a connection to one endpoint, the request on it, the head of its answer.
#pragma once

#include "contracts/exchange.h"
#include "upstream/cluster.h"
#include "upstream/observation.h"
#include "upstream/pool.h"

namespace weir {

struct OneTry {
  Pool* pool = nullptr;
  Pool* sibling = nullptr;  ///< of the other family, where the endpoint's name has both; null: nobody beside it
  bool fresh_only = false;
  const RequestHead* head = nullptr;
  Body* body = nullptr;
  std::string_view introduction{};  ///< of its connection
  // What it came to.
  bool reused_connection = false;
  bool withdrawn = false;  ///< a reload or an operator took the endpoint away while we waited for it: nobody was asked
  std::uint64_t taken_over_by = 0;  ///< id of the sibling's pool, when the try is the sibling's; 0: it is not
  std::string_view endpoint{};      ///< who has it, where there is a sibling
  Time leased{};                    ///< when a connection was there
  Time began{};                     ///< when the endpoint was picked
  Observation watched{};            ///< is told how it ended: tell_health()
};

/// Leaves a record of the room "pool"; fills the exchange's moments. Holds the answer where the cluster says so.
Reply try_once(const Cluster& cluster, Exchange& exchange, OneTry& one);

// Its steps, for the loop that makes most tries without a frame of their own (upstream/attempt.cc).

/// The connection is there. \returns  its session
ClientSession& note_lease(Exchange& exchange, const Lease& lease, OneTry& one);
/// There is none; where the endpoint was taken away meanwhile, the pool's word about that is recorded as well.
/// \returns  what the try failed with
Error lease_failed(Exchange& exchange, const Cluster& cluster, const std::optional<PoolFacts>& withdrawn, Error error,
                   OneTry& one);
/// What the pool said when it was asked for a connection, or when it took the answer back.
void record_lease(Exchange& exchange, const Cluster& cluster, const PoolFacts& facts, std::string_view endpoint);
/// From now on the try's endpoint is watched.
void watch(OneTry& one, const ClusterState& state, Time now);
/// What the try tells about its endpoint.
void tell_health(Exchange& exchange, OneTry& one, const Result<Answer>& answer);
/// What is said when there is nobody to send to.
Error no_endpoint(const ClusterState& state);
/// The balancer's next endpoint, with a record of the room "balance"; null: there is none at all.
/// \param tried  ids of pools that the request had, the last one at the end
Pool* pick_endpoint(Exchange& exchange, const Cluster& cluster, ClusterState& state,
                    std::span<const std::uint64_t> tried);

}  // namespace weir
