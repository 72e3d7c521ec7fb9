// Where a cluster finds its state.
#include "upstream/cluster.h"

#include <fmt/format.h>

#include <atomic>
#include <unordered_map>

#include "contracts/watched_file.h"
#include "upstream/cluster_state.h"
#include "upstream/endpoint_health.h"
#include "upstream/probe_counts.h"

namespace weir {
namespace {

// Counts configurations; the one thing here that several threads touch (files are compiled off the cores).
std::atomic<std::uint64_t> generations{0};

/// The table of endpoints that are literal addresses, in the order of candidates: each address once. Made elsewhere
/// when they may change without a configuration, or each gateway has others.
std::shared_ptr<const BalancerTable> table_of(const ClusterSettings& settings) {
  if (!settings.balancer->has_table() || !settings.endpoint_files.empty() || settings.subset.size > 0) return nullptr;
  std::vector<std::string> names;
  std::vector<EndpointIdentity> identities;
  names.reserve(settings.endpoints.size());
  std::unordered_map<std::string_view, std::size_t> known;
  for (const ClusterEndpoint& each : settings.endpoints) {
    const Result<SocketAddress> literal = socket_address(each.endpoint);
    if (!literal) return nullptr;
    const std::string& name = names.emplace_back(text_of(*literal));
    const auto [at, is_new] = known.emplace(name, identities.size());
    if (is_new) {
      identities.push_back({.name = name, .weight = each.weight});
    } else {
      identities[at->second].weight += each.weight;
    }
  }
  return settings.balancer->make_table(identities);
}

std::shared_ptr<ClusterHealth> find_health(const std::string& name, const std::string& key, SharedStates* states,
                                           unsigned cores) {
  const auto make = [&] { return std::make_shared<ClusterHealth>(name, key, cores); };
  return states == nullptr ? make() : states->find_or_make<ClusterHealth>("health/" + key, make);
}

std::shared_ptr<ProbeCounts> find_probe_counts(const ClusterSettings& settings, SharedStates* states, unsigned cores) {
  const ReportRule* rule = settings.balancer->reports();
  if (rule == nullptr || rule->probes.path.empty()) return nullptr;
  const auto make = [&] { return std::make_shared<ProbeCounts>(settings.name, cores); };
  return states == nullptr ? make() : states->find_or_make<ProbeCounts>("probes/" + settings.name, make);
}

}  // namespace

Cluster::Cluster(ClusterSettings settings, SharedStates* states, unsigned cores)
    : settings_(std::move(settings)),
      key_(fmt::format("cluster/{}/{}", name_of(settings_.speaks), settings_.name)),
      state_key_(key_),
      generation_(++generations),
      races_(settings_.timeouts.attempt >= Duration::zero() || settings_.hedge.on() ||
             settings_.retries.answer_bytes_max > 0),
      health_(find_health(settings_.name, key_, states, cores)) {
  invariant(settings_.balancer != nullptr && settings_.protocol != nullptr, "a cluster has a balancer and a protocol");
  table_ = table_of(settings_);
  probe_counts_ = find_probe_counts(settings_, states, cores);
}

std::vector<ClusterEndpoint> Cluster::endpoints() const {
  std::vector<ClusterEndpoint> all = settings_.endpoints;
  for (const auto& file : settings_.endpoint_files) {
    const std::shared_ptr<const EndpointList> list = file->latest();
    all.insert(all.end(), list->endpoints.begin(), list->endpoints.end());
  }
  return all;
}

ClusterState& Cluster::state(Shard& shard) const {
  auto& state =
      shard.state<ClusterState>(state_key_, [&] { return std::make_unique<ClusterState>(shard, settings_.name); });
  state.use(*this);
  return state;
}

void Cluster::retire(Shard& shard) const {
  state(shard).keep_nothing_idle();
}

}  // namespace weir
