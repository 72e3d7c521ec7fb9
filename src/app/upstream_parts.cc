// Each part from its options.
#include "app/upstream_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/config/endpoint_file.h"
#include "app/config/upstreams.h"
#include "contracts/fleet.h"
#include "contracts/shared_states.h"

namespace weir {
namespace {

/// A file of endpoints, watched from now on. \returns null after errors
std::shared_ptr<WatchedFile<EndpointList>> watch_endpoints(const config::UpstreamDocument& upstream,
                                                           const config::EndpointDocument& endpoint,
                                                           BuildContext& context) {
  return watch_file(config::endpoint_file_kind(), endpoint.file, endpoint.place,
                    fmt::format("upstreams.{}.endpoints", upstream.name), context);
}

}  // namespace

std::shared_ptr<const StickyRule> make_sticky(const config::UpstreamDocument& upstream, BuildContext& context) {
  if (!upstream.sticky) return nullptr;
  const auto make = [&] { return std::make_shared<StickyCounts>(upstream.name, context.cores); };
  auto counts = context.shared_states == nullptr
                    ? make()
                    : context.shared_states->find_or_make<StickyCounts>("sticky/" + upstream.name, make);
  return std::make_shared<const StickyRule>(upstream.name, *upstream.sticky, std::move(counts));
}

bool add_endpoints(const config::UpstreamDocument& upstream, BuildContext& context, ClusterSettings& settings) {
  bool good = true;
  for (const config::EndpointDocument& endpoint : upstream.endpoints) {
    if (endpoint.file.empty()) {
      settings.endpoints.push_back(config::endpoint_of(endpoint));
    } else if (auto file = watch_endpoints(upstream, endpoint, context)) {
      settings.endpoint_files.push_back(std::move(file));
    } else {
      good = false;
    }
  }
  return good;
}

bool add_subset(const config::UpstreamDocument& upstream, BuildContext& context, ClusterSettings& settings) {
  if (!upstream.subset) return true;
  settings.subset.size = upstream.subset->size;
  if (upstream.subset->gateway) {
    settings.subset.gateway = *upstream.subset->gateway;
    return true;
  }
  if (context.fleet == nullptr) {
    context.diagnostics.error(upstream.subset->place, fmt::format("upstreams.{}.subset", upstream.name),
                              "which of the gateways this is must be known", "add gateway: 0, another number on each");
    return false;
  }
  const auto& members = context.fleet->members;  // in the order of their names, on every machine
  const auto self = std::ranges::find(members, context.fleet->self, &FleetMember::name);
  settings.subset.gateway = static_cast<std::uint32_t>(self - members.begin());
  return true;
}

void look_at_endpoint_files(const config::UpstreamDocument& upstream, BuildContext& context) {
  for (const config::EndpointDocument& endpoint : upstream.endpoints) {
    if (!endpoint.file.empty()) watch_endpoints(upstream, endpoint, context);
  }
}

}  // namespace weir
