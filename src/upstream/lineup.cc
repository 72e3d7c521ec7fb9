// From a configuration, and from a core.
#include "upstream/lineup.h"

#include <algorithm>
#include <unordered_map>

#include "upstream/cluster_state.h"

namespace weir {
namespace {

/// The table for the endpoints as they are written.
std::shared_ptr<const BalancerTable> table_for(const Cluster& cluster, const Lineup& lineup) {
  if (cluster.table() != nullptr) return cluster.table();
  std::vector<EndpointIdentity> identities;
  identities.reserve(lineup.names.size());
  for (std::size_t at = 0; at < lineup.names.size(); ++at) {
    identities.push_back({.name = lineup.names[at], .weight = lineup.endpoints[at].weight});
  }
  return cluster.balancer().make_table(identities);
}

}  // namespace

Lineup lineup_of(const Cluster& cluster) {
  const ClusterSettings& settings = cluster.settings();
  Lineup lineup{.rules = settings.roster};
  std::vector<ClusterEndpoint> written;
  std::vector<RankedAddress> addresses;
  for (const ClusterEndpoint& each : cluster.endpoints()) {
    const Result<SocketAddress> literal = socket_address(each.endpoint);
    if (!literal) {
      ++lineup.unresolved;
      continue;
    }
    written.push_back(each);
    addresses.push_back({.name = text_of(*literal), .priority = each.priority});
  }
  const std::vector<bool> chosen = chosen_addresses(addresses, settings.subset);
  std::unordered_map<std::string_view, std::size_t> known;
  for (std::size_t at = 0; at < written.size(); ++at) {
    if (!chosen.empty() && !chosen[at]) continue;
    const auto [found, is_new] = known.emplace(addresses[at].name, lineup.endpoints.size());
    if (!is_new) {
      lineup.endpoints[found->second].weight += written[at].weight;
      continue;
    }
    lineup.names.push_back(addresses[at].name);
    lineup.endpoints.push_back(
        {.weight = written[at].weight, .near = is_near(written[at], settings.zone), .priority = written[at].priority});
  }
  lineup.standings.assign(lineup.names.size(), EndpointStanding::available);
  GroupFacts group{.endpoints = static_cast<std::uint32_t>(lineup.names.size())};
  lineup.verdict = decide(group);
  if (lineup.unresolved == 0 && !lineup.names.empty()) lineup.table = table_for(cluster, lineup);
  return lineup;
}

Lineup ClusterState::lineup() {
  const Time now = shard_.reactor.now();
  bring_up_to_date(now);
  Lineup lineup{.endpoints = facts_,
                .verdict = health_.verdict(),
                .rules = rules_,
                .table = table_,
                .numbers = table_numbers_,
                .level = level_for_one_more(*balancer_),
                .now = now,
                .live = true,
                .table_pending = making_table_};
  lineup.names.reserve(candidates_.size());
  lineup.standings.reserve(candidates_.size());
  for (std::size_t at = 0; at < candidates_.size(); ++at) {
    lineup.names.emplace_back(candidates_[at].pool->text());
    lineup.standings.push_back(health_.standing(at));
  }
  const auto is_unknown = [](const auto& slot) { return slot->addresses.empty(); };
  lineup.unresolved = static_cast<std::size_t>(std::ranges::count_if(slots_, is_unknown));
  return lineup;
}

}  // namespace weir
