// A client and a route for each exchange.
#include "observers/heavy_traffic/heavy_traffic.h"

#include "base/invariant.h"

namespace weir {
namespace {

/// What a request counts under that no route took, as in weir_route_responses_total.
constexpr std::string_view no_route = "none";

std::string text_of(const ClientAddress& client, unsigned ipv6_prefix) {
  return client.over_unix ? std::string("over a unix socket") : counted_part_text(client.address, ipv6_prefix);
}

std::string_view bytes_of(const IpAddress& address) {
  return {reinterpret_cast<const char*>(address.bytes().data()), address.bytes().size()};
}

}  // namespace

void HeavyTraffic::ended(const Exchange& exchange, const Delivery&) {
  invariant(exchange.shard.id < cores_.size(), "there are no more cores than limits::shards");
  Core& core = cores_[exchange.shard.id];
  const Time now = exchange.shard.reactor.now();
  const unsigned prefix =
      exchange.snapshot ? exchange.snapshot->limits.client_ipv6_prefix : Limits{}.client_ipv6_prefix;
  core.clients.window().count(
      now,
      [&] {
        return exchange.client.over_unix ? 0 : hash_key_.hash(bytes_of(counted_part(exchange.client.address, prefix)));
      },
      [&] { return text_of(exchange.client, prefix); });
  const std::string_view route = exchange.route_name.empty() ? no_route : exchange.route_name;
  core.routes.window().count(now, [&] { return hash_key_.hash(route); }, [&] { return route; });
}

HeavyReport HeavyTraffic::clients(Time now, std::size_t most) const {
  HeavyReporter reporter(now);
  for (const Core& core : cores_) reporter.add(core.clients);
  return reporter.report(most);
}

HeavyReport HeavyTraffic::routes(Time now, std::size_t most) const {
  HeavyReporter reporter(now);
  for (const Core& core : cores_) reporter.add(core.routes);
  return reporter.report(most);
}

}  // namespace weir
