// Where a cluster finds its state.
#include "upstream/cluster.h"

#include <fmt/format.h>

#include <atomic>

#include "upstream/cluster_state.h"

namespace weir {
namespace {

// Counts configurations; the one thing here that several threads touch (files are compiled off the cores).
std::atomic<std::uint64_t> generations{0};

}  // namespace

Cluster::Cluster(ClusterSettings settings)
    : settings_(std::move(settings)),
      key_(fmt::format("cluster/{}/{}", name_of(settings_.speaks), settings_.name)),
      generation_(++generations) {
  invariant(settings_.balancer != nullptr && settings_.protocol != nullptr, "a cluster has a balancer and a protocol");
}

ClusterState& Cluster::state(Shard& shard) const {
  auto& state = shard.state<ClusterState>(key_, [&] { return std::make_unique<ClusterState>(shard, settings_.name); });
  state.use(*this);
  return state;
}

void Cluster::retire(Shard& shard) const {
  state(shard).keep_nothing_idle();
}

}  // namespace weir
