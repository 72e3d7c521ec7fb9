// Looking up who is meant, asking the decision, setting the cells.
#include "app/process/endpoint_orders.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "upstream/cluster.h"
#include "upstream/endpoint_health.h"

namespace weir {
namespace {

/// More names than these in one sentence are no help.
constexpr std::size_t names_told_max = 8;

using Endpoints = std::vector<std::shared_ptr<EndpointHealth>>;

/// Those that are endpoints now.
Endpoints present(const Cluster& cluster) {
  Endpoints all = cluster.health()->endpoints();
  std::erase_if(all, [](const auto& each) { return each->weight() == 0; });
  return all;
}

std::string listed(const std::vector<std::string_view>& names) {
  if (names.empty()) return "there is none";
  std::string text = "there is ";
  for (std::size_t at = 0; at < names.size() && at < names_told_max; ++at)
    text += fmt::format("{}{}", at == 0 ? "" : ", ", names[at]);
  if (names.size() > names_told_max) text += fmt::format(" and {} more", names.size() - names_told_max);
  return text;
}

EndpointOutcome unknown_upstream(const Gateway& gateway, const EndpointOrder& order) {
  std::vector<std::string_view> names;
  for (const auto& cluster : gateway.clusters) names.push_back(cluster->name());
  return {.kind = EndpointOutcome::Kind::unknown,
          .reason = "unknown_upstream",
          .sentence = fmt::format("no upstream {} is configured: {}", order.upstream, listed(names))};
}

EndpointOutcome unknown_endpoint(const Endpoints& endpoints, const EndpointOrder& order) {
  std::vector<std::string_view> names;
  for (const auto& each : endpoints) names.push_back(each->address());
  return {
      .kind = EndpointOutcome::Kind::unknown,
      .reason = "unknown_endpoint",
      .sentence = fmt::format("{} is no endpoint of upstream {}: {}", order.endpoint, order.upstream, listed(names))};
}

OrderFacts facts_of(const EndpointOrder& order, const Cluster& cluster, const Endpoints& endpoints,
                    const EndpointHealth& meant, Time now) {
  const bool begins_up = cluster.health()->begins_up.get();
  const auto usable = [&](const auto& each) {
    return each.get() != &meant && each->standing(now, begins_up) == EndpointStanding::available;
  };
  return {.verb = order.verb,
          .state = meant.admin.get(),
          .ejected = meant.ejected_until.get() > now,
          .weight_said = meant.weight_said.get(),
          .weight_asked = order.weight,
          .others_usable = static_cast<std::uint32_t>(std::ranges::count_if(endpoints, usable)),
          .force = order.force};
}

/// `10.0.0.1:8080 of shop is drained`
std::string told(const EndpointOrder& order, const EndpointHealth& meant) {
  std::string who = fmt::format("{} of {}", meant.address(), order.upstream);
  switch (order.verb) {
    case EndpointVerb::drain:
      return who + " gets no new requests";
    case EndpointVerb::disable:
      return who + " is disabled";
    case EndpointVerb::enable:
      return who + " is used again";
    case EndpointVerb::weight:
      return fmt::format("{} has the weight {}{}", who, order.weight == 0 ? meant.weight() : order.weight,
                         order.weight == 0 ? ", as configured" : "");
  }
  return who;
}

}  // namespace

const Cluster* find_cluster(const Gateway& gateway, std::string_view upstream) {
  const auto found =
      std::ranges::find_if(gateway.clusters, [&](const auto& cluster) { return cluster->name() == upstream; });
  return found == gateway.clusters.end() ? nullptr : found->get();
}

EndpointOutcome take_order(const Gateway& gateway, const EndpointOrder& order, Time now, WallTime wall) {
  const Cluster* const cluster = find_cluster(gateway, order.upstream);
  if (cluster == nullptr) return unknown_upstream(gateway, order);
  const Endpoints endpoints = present(*cluster);
  const auto found =
      std::ranges::find_if(endpoints, [&](const auto& each) { return each->address() == order.endpoint; });
  if (found == endpoints.end()) return unknown_endpoint(endpoints, order);
  EndpointHealth& meant = **found;
  const OrderVerdict verdict = decide(facts_of(order, *cluster, endpoints, meant, now));
  if (!verdict.obeyed) {
    return {.kind = EndpointOutcome::Kind::refused,
            .reason = verdict.reason,
            .sentence = fmt::format("{} is the last endpoint of {} that is well and in use; force takes it out",
                                    order.endpoint, order.upstream)};
  }
  if (verdict.changes && order.verb == EndpointVerb::weight) cluster->health()->say_weight(meant, order.weight);
  if (verdict.changes && order.verb != EndpointVerb::weight)
    cluster->health()->say(meant, state_after(order.verb), now, wall);
  return {.kind = EndpointOutcome::Kind::obeyed,
          .changed = verdict.changes,
          .reason = verdict.reason,
          .sentence = told(order, meant)};
}

std::uint64_t requests_left(const Gateway& gateway, std::string_view upstream, std::string_view endpoint) {
  const Cluster* const cluster = find_cluster(gateway, upstream);
  const auto found = cluster == nullptr ? nullptr : cluster->health()->find(endpoint);
  return found == nullptr ? 0 : found->in_flight();
}

}  // namespace weir
