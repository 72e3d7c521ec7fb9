// How upstreams and their endpoints are written.
#include "app/config/upstreams.h"

#include <fmt/format.h>

#include "app/config/health.h"
#include "app/config/items.h"
#include "app/config/resilience.h"
#include "net/dns/name.h"

namespace weir::config {
namespace {

const Schema<EndpointDocument>& endpoint_schema() {
  static const auto schema =
      Schema<EndpointDocument>("endpoint", "Where an upstream listens.")
          .option("address", &EndpointDocument::address,
                  {.doc = "Address and port, or a unix socket.", .example = "10.0.0.11:8080"})
          .option("srv", &EndpointDocument::service,
                  {.doc = "A service, in place of an address: DNS tells hosts, ports, weights and priorities (SRV).",
                   .example = "_http._tcp.shop.internal",
                   .complaint = service_complaint})
          .option("file", &EndpointDocument::file,
                  {.doc = "A file of endpoints, in place of an address; watched, and taken over without a reload.",
                   .example = "shop.endpoints"})
          .option(
              "weight", &EndpointDocument::weight,
              {.doc = "Its share, where the balancer knows weights.", .example = "1", .minimum = 1, .maximum = 1000})
          .option("priority", &EndpointDocument::priority,
                  {.doc = "Servers of a higher number are backups: used when those before cannot bear everything.",
                   .example = "1",
                   .maximum = 9})
          .option("zone", &EndpointDocument::zone,
                  {.doc = "Where it stands; those in the upstream's zone are preferred.", .example = "eu-1a"})
          .shorthand("address");
  return schema;
}

/// A file says everything about its endpoints itself.
bool check_file_alone(const Node& node, const Reading& reading, const EndpointDocument& endpoint) {
  if (endpoint.address != Endpoint{} || !endpoint.service.empty())
    return reading.error(node, "an endpoint has an address, is a service (srv), or stands in a file: one of these");
  for (const std::string_view name : {"weight", "priority", "zone"}) {
    const Node::Member* written = node.find_member(name);
    if (written != nullptr)
      return reading.error(written->place, fmt::format("the file says the {} of each of its endpoints", name));
  }
  return true;
}

bool read_endpoints(const Node& node, const Reading& reading, UpstreamDocument& upstream) {
  return for_each_item(
      node, reading, [&](const Node& item, const Reading& at) { return read_endpoint(item, at, upstream.endpoints); });
}

const Schema<SubsetDocument>& subset_schema() {
  static const auto schema =
      Schema<SubsetDocument>("subset", "The part of the endpoints that this gateway talks to, of many gateways.")
          .option("size", &SubsetDocument::size,
                  {.doc = "Endpoints for each gateway, of each priority.",
                   .example = "20",
                   .required = true,
                   .minimum = 1,
                   .maximum = 100'000})
          .option("gateway", &SubsetDocument::gateway,
                  {.doc = "The number of this gateway among all, from 0; its place in the fleet, when there is one.",
                   .example = "\"${env:GATEWAY_NUMBER}\""})
          .shorthand("size");
  return schema;
}

bool read_subset(const Node& node, const Reading& reading, UpstreamDocument& upstream) {
  upstream.subset = subset_schema().read(node, reading);
  if (upstream.subset) upstream.subset->place = node.place();
  return upstream.subset.has_value();
}

const Schema<ZoneSpillDocument>& zone_spill_schema() {
  static const auto schema =
      Schema<ZoneSpillDocument>("zone_spill",
                                "When requests leave the gateway's zone although its servers are healthy.")
          .option(
              "traffic", &ZoneSpillDocument::traffic,
              {.doc = "Of all requests to these servers, from all gateways, how many come through this zone: what is "
                      "more than the zone's part of the servers goes elsewhere; 0%: not known.",
               .example = "33%"})
          .option("in_flight", &ZoneSpillDocument::in_flight,
                  {.doc = "Requests in flight, from this gateway and per unit of weight, that the zone's servers bear: "
                          "above it requests go where there are fewer; 0: no bound.",
                   .example = "20",
                   .maximum = 1'000'000});
  return schema;
}

bool read_zone_spill(const Node& node, const Reading& reading, UpstreamDocument& upstream) {
  return zone_spill_schema().read_into(node, reading, upstream.zone_spill);
}

bool read_hedge(const Node& node, const Reading& reading, UpstreamDocument& upstream) {
  return hedge_schema().read_into(node, reading, upstream.hedge);
}

/// Options that are there when they are written.
template <typename Options>
auto read_optional(std::optional<Options> UpstreamDocument::* member) {
  return [member](const Node& node, const Reading& reading, UpstreamDocument& upstream) {
    upstream.*member = Options::schema().read(node, reading);
    return (upstream.*member).has_value();
  };
}

bool read_health(const Node& node, const Reading& reading, UpstreamDocument& upstream) {
  return health_schema().read_into(node, reading, upstream.health);
}

/// Whoever says how endpoints are watched wants them watched.
bool read_outliers(const Node& node, const Reading& reading, UpstreamDocument& upstream) {
  upstream.outliers.watch = true;
  return outliers_schema().read_into(node, reading, upstream.outliers);
}

bool read_upstream_tls(const Node& node, const Reading& reading, UpstreamDocument& upstream) {
  return read_client_tls(node, reading, upstream.tls);
}

bool read_panic_below(const Node& node, const Reading& reading, UpstreamDocument& upstream) {
  return read_percent(node, reading, upstream.panic_below_percent);
}

/// Over TLS HTTP/2 is agreed on: what is spoken is then found out for each connection.
UpstreamProtocol spoken(WrittenProtocol written) {
  switch (written) {
    case WrittenProtocol::http:
    case WrittenProtocol::by_offer:
    case WrittenProtocol::h2:
      break;
    case WrittenProtocol::h2c:
      return UpstreamProtocol::h2c;
    case WrittenProtocol::fastcgi:
      return UpstreamProtocol::fastcgi;
    case WrittenProtocol::tcp:
      return UpstreamProtocol::tcp;
    case WrittenProtocol::udp:
      return UpstreamProtocol::udp;
  }
  return UpstreamProtocol::http;
}

}  // namespace

bool read_endpoint(const Node& node, const Reading& reading, std::vector<EndpointDocument>& endpoints) {
  EndpointDocument endpoint;
  endpoint.place = node.place();
  if (!endpoint_schema().read_into(node, reading, endpoint)) return false;
  if (!endpoint.file.empty()) {
    if (!check_file_alone(node, reading, endpoint)) return false;
  } else if (!endpoint.service.empty()) {
    if (endpoint.address != Endpoint{})
      return reading.error(node, "an endpoint has an address or is a service (srv), not both");
    endpoint.address = {.host = *dns::canonical_name(endpoint.service), .service = true};
  } else if (!endpoint.address.is_unix() && (endpoint.address.host.empty() || endpoint.address.port == 0)) {
    return reading.error(node, fmt::format("{} has no host or no port to connect to", node.shown()),
                         "write 127.0.0.1:3000 or unix:/path");
  }
  endpoints.push_back(std::move(endpoint));
  return true;
}

ClusterEndpoint endpoint_of(const EndpointDocument& written) {
  return {.endpoint = written.address, .weight = written.weight, .priority = written.priority, .zone = written.zone};
}

const Schema<UpstreamDocument>& upstream_schema() {
  static const auto schema =
      Schema<UpstreamDocument>("upstream", "A group of servers that answer alike.")
          .custom("endpoints", "list of endpoint", read_endpoints,
                  {.doc = "The servers.", .example = "[10.0.0.11:8080, 10.0.0.12:8080]", .required = true},
                  &endpoint_schema())
          .choice("protocol", &UpstreamDocument::written_protocol,
                  {{"http", WrittenProtocol::http},
                   {"auto", WrittenProtocol::by_offer},
                   {"h2", WrittenProtocol::h2},
                   {"h2c", WrittenProtocol::h2c},
                   {"fastcgi", WrittenProtocol::fastcgi},
                   {"tcp", WrittenProtocol::tcp},
                   {"udp", WrittenProtocol::udp}},
                  {.doc = "What the servers speak: HTTP/1.1; over TLS HTTP/2 where they agree to it (auto), or nothing "
                          "else (h2); HTTP/2 without TLS (h2c: gRPC); fastcgi is for the service of that name; tcp "
                          "and udp are for listeners of raw streams.",
                   .example = "h2c"})
          .choice(
              "proxy_protocol", &UpstreamDocument::introduction,
              {{"off", SentIntroduction::none}, {"v1", SentIntroduction::v1}, {"v2", SentIntroduction::v2}},
              {.doc = "The PROXY header that connections begin with, which names the client; they are then kept for "
                      "that client's connection alone.",
               .example = "v2"})
          .custom("tls", client_tls_type, read_upstream_tls, {.doc = "Speaks TLS to the servers.", .example = "on"},
                  &ClientTlsOptions::schema())
          .custom("balance", "balancer", [](const Node&, const Reading&, UpstreamDocument&) { return true; },
                  {.doc = "How one is picked.", .example = "round_robin", .default_value = "round_robin"})
          .option("zone", &UpstreamDocument::zone,
                  {.doc = "Where this gateway stands: servers of the same zone are preferred while enough of them are "
                          "available.",
                   .example = "eu-1a"})
          .custom("zone_spill", "zone_spill", read_zone_spill,
                  {.doc = "When requests leave the zone although its servers are healthy; never, when it is not given.",
                   .example = "{ traffic: 33%, in_flight: 20 }"},
                  &zone_spill_schema())
          .option("slow_start", &UpstreamDocument::slow_start,
                  {.doc = "How long a server that comes, or comes back, warms up from a tenth of its weight.",
                   .example = "30s",
                   .minimum = Duration::zero(),
                   .maximum = std::chrono::hours{1}})
          .nested("timeouts", &UpstreamDocument::timeouts, upstream_timeouts_schema(), {.doc = "How long it may take."})
          .nested("connections", &UpstreamDocument::connections, connection_limits_schema(),
                  {.doc = "How many connections, per core."})
          .custom("health", "checks", read_health,
                  {.doc = "How endpoints are asked whether they are well.", .example = "{ http: /healthz, every: 5s }"},
                  &health_schema())
          .custom("outliers", "on, off or rules", read_outliers,
                  {.doc = "Endpoints whose requests fail are left alone for a while.",
                   .example = "on",
                   .default_value = "off"},
                  &outliers_schema())
          .custom("panic_below", "share", read_panic_below,
                  {.doc = "When fewer of the endpoints are healthy, all are used; 0%: never.",
                   .example = "30%",
                   .default_value = "30%"})
          .option("resolve_every", &UpstreamDocument::resolve_every,
                  {.doc = "How often names are looked up again.", .example = "30s", .minimum = std::chrono::seconds{1}})
          .nested("retries", &UpstreamDocument::retries, retries_schema(),
                  {.doc = "When a request is tried again.", .example = "{ attempts: 3 }"})
          // No map of defaults: when it is not given there is none.
          .custom("hedge", "percentile, duration or map", read_hedge,
                  {.doc = "A second try beside one that takes long; never, when it is not given.", .example = "p95"},
                  &hedge_schema())
          .option(
              "deadline_field", &UpstreamDocument::deadline_field,
              {.doc = "Field in which the servers are told how many milliseconds are left of timeouts.request, where "
                      "that has a limit; gRPC is told in grpc-timeout anyway.",
               .example = "x-request-timeout-ms",
               .complaint = [](const std::string& name) { return field_name_complaint(name); }})
          .custom("circuit_breaker", "circuit_breaker", read_optional(&UpstreamDocument::circuit_breaker),
                  {.doc = "Stops asking the upstream while it fails, for all routes together.",
                   .example = "{ failures_percent: 30 }"},
                  &CircuitBreakerOptions::schema())
          .custom(
              "concurrency", "concurrency", read_optional(&UpstreamDocument::concurrency),
              {.doc = "How many requests the upstream gets at once, from all routes together.", .example = "adaptive"},
              &ConcurrencyOptions::schema())
          .custom("sticky", "sticky", read_optional(&UpstreamDocument::sticky),
                  {.doc = "Clients come back to the server they were at, by a signed cookie, whatever the balancer.",
                   .example = "{ keys: [\"${env:STICKY_KEY}\"] }"},
                  &StickyOptions::schema())
          .custom(
              "subset", "number or map", read_subset,
              {.doc = "Where many gateways have many endpoints: how many of them this one talks to; all, when it is "
                      "not given.",
               .example = "{ size: 20, gateway: 3 }"},
              &subset_schema());
  return schema;
}

bool read_upstreams(const Node& node, const Reading& reading, const PluginNames& names,
                    std::vector<UpstreamDocument>& upstreams) {
  if (!option::want_map(node, reading, "names and their upstreams")) return false;
  bool good = true;
  for (const Node::Member& member : node.members()) {
    const Reading at = reading.member(member.name);
    UpstreamDocument& upstream = upstreams.emplace_back();
    upstream.name = member.name;
    upstream.place = member.place;
    good = upstream_schema().read_into(member.value, at, upstream) && good;
    if (const Node* sent = member.value.find("proxy_protocol")) upstream.introduction_place = sent->place();
    upstream.protocol = spoken(upstream.written_protocol);
    const Node* connections = member.value.find("connections");
    const bool says_idle = connections != nullptr && connections->find("idle_max") != nullptr;
    if (!says_idle || upstream.raw()) upstream.speak(upstream.protocol);
    const Node::Member* spill = member.value.find_member("zone_spill");
    if (spill != nullptr && upstream.zone.empty())
      good = at.member("zone_spill")
                 .error(spill->place, "nothing is near without a zone", "say where the gateway stands: zone");
    const Node* endpoints = member.value.find("endpoints");
    if (endpoints != nullptr && upstream.endpoints.empty() && (endpoints->is_null() || endpoints->is_list()) &&
        endpoints->items().empty()) {
      good = at.member("endpoints").error(*endpoints, "an upstream needs an endpoint", "write [127.0.0.1:3000]");
    }
    const Node* balance = member.value.find("balance");
    if (balance == nullptr) continue;
    PluginUse use;
    const bool read = read_plugin_use(*balance, at.member("balance"), "balancer", names.balancers, use);
    if (read) upstream.balance = std::move(use);
    good = good && read;
  }
  return good;
}

}  // namespace weir::config
