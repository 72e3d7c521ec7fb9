// Upstreams for tests that only build and rehearse: they have names and endpoints, and nobody ever speaks to them.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contracts/plugin.h"
#include "upstream/cluster.h"

namespace weir {

class NoBalancer final : public Balancer {
 public:
  [[nodiscard]] std::optional<Pick> pick(const PickFacts&) const override { return {}; }
  [[nodiscard]] std::string_view name() const override { return "none"; }
};

class NoProtocol final : public ClientProtocol {
 public:
  Task<Result<std::unique_ptr<ClientSession>>> connect(Shard&, const UpstreamAddress&, const UpstreamTimeouts&,
                                                       Watcher*) const override {
    co_return fail(Code::unreachable, Origin::upstream);
  }
};

inline std::shared_ptr<const Cluster> silent_cluster(std::string name, std::size_t endpoints = 1) {
  static const NoProtocol protocol;
  ClusterSettings settings;
  settings.name = std::move(name);
  settings.endpoints.resize(endpoints);
  settings.balancer = std::make_unique<NoBalancer>();
  settings.protocol = &protocol;
  return std::make_shared<const Cluster>(std::move(settings));
}

/// Knows these upstreams and no others.
class SilentClusters final : public BuildContext {
 public:
  SilentClusters(Diagnostics& diagnostics_in, std::string path_in, std::vector<std::shared_ptr<const Cluster>> known)
      : BuildContext(diagnostics_in, std::move(path_in)), known_(std::move(known)) {}
  std::shared_ptr<const Cluster> cluster(const Node& reference) override {
    const auto found = std::ranges::find(known_, reference.text(), [](const auto& cluster) { return cluster->name(); });
    if (found != known_.end()) return *found;
    diagnostics.error(reference.place(), path, "unknown upstream " + reference.shown());
    return nullptr;
  }

 private:
  std::vector<std::shared_ptr<const Cluster>> known_;
};

}  // namespace weir
