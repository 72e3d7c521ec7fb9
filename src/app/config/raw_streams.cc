// Routes without requests, and everything that cannot be meant.
#include "app/config/raw_streams.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "app/config/items.h"
#include "app/config/plugin_use.h"
#include "base/limits.h"
#include "contracts/schema.h"

namespace weir::config {
namespace {

/// A route while it is read.
struct RawRouteDraft {
  std::string name;
  std::vector<Node> server_names;
  Node filters;
  Node proxy;
};

auto kept_as(Node RawRouteDraft::* member) {
  return [member](const Node& node, const Reading&, RawRouteDraft& draft) {
    draft.*member = node;
    return true;
  };
}

const Schema<RawRouteDraft>& route_draft_schema() {
  static const auto schema =
      Schema<RawRouteDraft>("raw route", "Where streams go whose clients ask for certain names.")
          .option("name", &RawRouteDraft::name, {.doc = "What logs and metrics call it.", .example = "shop"})
          .custom(
              "server_name", "list of host",
              [](const Node& node, const Reading& at, RawRouteDraft& draft) {
                return OptionType<std::vector<Node>>::read(node, at, draft.server_names);
              },
              {.doc = "Names that clients ask for in TLS (SNI), or *.example.com for any depth below it; without it: "
                      "whoever no other route takes.",
               .example = "[shop.example.com, \"*.shop.example.com\"]"})
          .custom("filters", "list of filter", kept_as(&RawRouteDraft::filters),
                  {.doc = "Those that need no HTTP: access, circuit_breaker, concurrency, limit.",
                   .example = "[{ access: { allow: [10.0.0.0/8] } }]"})
          .custom("proxy", "upstream", kept_as(&RawRouteDraft::proxy),
                  {.doc = "An upstream with protocol: tcp, tcp://host:port, unix:/path, or a list with weights.",
                   .example = "shop",
                   .required = true});
  return schema;
}

const Schema<RouteTimeouts>& lifetimes_schema() {
  static const auto schema =
      Schema<RouteTimeouts>("timeouts", "How long raw streams may last.")
          .option(
              "idle", &RouteTimeouts::tunnel_idle,
              {.doc = "One in which nothing moves; when not given timeouts.tunnel_idle, of udp 30s.", .example = "1h"})
          .option("age", &RouteTimeouts::tunnel_age,
                  {.doc = "One that is simply old; timeouts.tunnel_age when not given.", .example = "12h"});
  return schema;
}

std::shared_ptr<const RouteDocument> make_route(std::string name, const Node& filters, const Node& proxy,
                                                const RouteTimeouts& timeouts, const Reading& at,
                                                const PluginNames& names) {
  auto route = std::make_shared<RouteDocument>();
  route->name = std::move(name);
  route->path = at.path();
  route->place = proxy.place();
  route->defaults = false;  // those are of requests
  route->timeouts = timeouts;
  route->filters = read_filters(filters, at.member("filters"), names);
  route->service = {.name = "proxy", .options = proxy, .place = proxy.place(), .path = at.member("proxy").path()};
  return route;
}

bool read_server_name(const Node& node, const Reading& at, RawRouteDocument& route) {
  if (!option::want_scalar(node, at, "a name such as shop.example.com")) return false;
  auto pattern = HostPattern::parse(node.text());
  if (!pattern) return at.error(node, fmt::format("{}: {}", node.shown(), text_of(pattern.error())));
  if (pattern->kind == HostPattern::Kind::any) {
    return at.error(node, "\"*\" is every name", "leave server_name out: the route then takes whoever no other takes");
  }
  if (IpAddress::parse(pattern->name)) {
    return at.error(
        node, fmt::format("{} can never be reached: clients ask for no addresses (RFC 6066 section 3)", node.shown()),
        "write the name that clients ask for, or leave server_name out");
  }
  route.server_names.emplace_back(std::move(*pattern), node.place());
  return true;
}

bool read_route(const Node& node, const Reading& at, const PluginNames& names, const std::string& listener,
                RawDocument& raw) {
  if (!option::want_map(node, at, "a route such as { server_name: shop.example.com, proxy: shop }")) return false;
  RawRouteDraft draft;
  bool good = route_draft_schema().read_into(node, at, draft);
  RawRouteDocument route;
  for (std::size_t index = 0; const Node& name : draft.server_names) {
    good = read_server_name(name, at.member("server_name").item(index++), route) && good;
  }
  // A name that could not be read does not make it everybody's.
  if (!good && route.server_names.size() < draft.server_names.size()) return false;
  std::string name = draft.name.empty() ? fmt::format("{}/routes[{}]", listener, raw.routes.size()) : draft.name;
  route.route = make_route(std::move(name), draft.filters, draft.proxy, raw.timeouts, at, names);
  raw.routes.push_back(std::move(route));
  return good;
}

/// Names that two routes want, and routes that nobody can come to.
bool each_can_be_reached(const RawDocument& raw, const Reading& at) {
  bool good = true;
  std::unordered_map<std::string, Place> taken;
  const RawRouteDocument* everybody = nullptr;
  for (std::size_t index = 0; const RawRouteDocument& route : raw.routes) {
    const Reading here = at.item(index++);
    for (const auto& [pattern, place] : route.server_names) {
      const auto [first, is_new] = taken.try_emplace(pattern.text(), place);
      if (is_new) continue;
      good = here.member("server_name")
                 .error(place, fmt::format("\"{}\" can never be reached here: the route at {} takes it", first->first,
                                           first->second.text()));
    }
    if (!route.server_names.empty()) continue;
    if (everybody != nullptr) {
      good = here.error(route.route->place,
                        fmt::format("can never be reached: the route at {} takes whoever no other takes",
                                    everybody->route->place.text()),
                        "write the names that it is for: server_name");
    }
    everybody = &route;
  }
  return good;
}

struct Refused {
  std::string_view option;
  std::string_view why;
  std::string_view suggestion;
};

bool lacks(const Node& written, const Reading& at, std::span<const Refused> refused) {
  bool good = true;
  for (const Refused& each : refused) {
    const Node::Member* member = written.find_member(each.option);
    if (member == nullptr) continue;
    good = at.member(each.option).error(member->place, std::string(each.why), std::string(each.suggestion));
  }
  return good;
}

/// What comes with a hello may come a second time (RFC 8446 section 8). A request can be told to wait, bytes cannot.
bool lacks_early_data(const Node& written, const Reading& at) {
  const Node* const tls = written.find("tls");
  const Node* const early = tls == nullptr ? nullptr : tls->find("early_data");
  if (early == nullptr || early->text() != "true") return true;
  return at.member("tls").error(*early, "early_data: bytes of a raw stream that come with a hello may be a replay",
                                "take early_data out: it is for HTTP");
}

/// Options that say nothing where such streams pass.
bool lacks_foreign_options(const Node& written, const Reading& at, const ListenerDocument& listener) {
  static constexpr std::array of_http{
      Refused{"http2", "no HTTP is spoken here: the listener passes bytes on", "take http2 out, or protocol: tcp"}};
  static constexpr std::array of_passthrough{
      Refused{"tls", "protocol: tls_passthrough does not open TLS: whoever stands behind has the certificates",
              "take tls out; or write protocol: tcp, which opens it here"}};
  static constexpr std::array of_udp{
      Refused{"tls", "datagrams carry no TLS", "take tls out, or write protocol: tcp"},
      Refused{"proxy_protocol", "datagrams begin with no PROXY header here", "take it out"},
      Refused{"routes", "datagrams name no server: only the port tells", "write proxy: NAME"}};
  bool good = lacks(written, at, of_http);
  if (listener.protocol == ListenerProtocol::udp) {
    good = lacks(written, at, of_udp) && good;
    if (listener.address.is_unix())
      good = at.error(written, "no datagrams come through a unix socket here", "write a port");
  }
  good = lacks_early_data(written, at) && good;
  if (listener.protocol == ListenerProtocol::tls_passthrough) good = lacks(written, at, of_passthrough) && good;
  if (listener.tls && listener.tls->clients && listener.tls->clients->forward) {
    const ClientCertificatesDocument& clients = *listener.tls->clients;
    at.diagnostics().error(clients.place, clients.path + ".forward",
                           "raw streams have no field in which an upstream could be told of certificates",
                           "take forward out; proxy_protocol: v2 at the upstream tells that one was shown");
    good = false;
  }
  return good;
}

bool read_targets(const Node& written, const Reading& at, const PluginNames& names, const ListenerDocument& listener,
                  RawDocument& raw) {
  const RawWritten& given = listener.raw_written;
  const bool datagrams = listener.protocol == ListenerProtocol::udp;
  const bool names_are_known = listener.tls || listener.protocol == ListenerProtocol::tls_passthrough;
  if (given.routes.is_null() && given.proxy.is_null()) {
    return at.error(
        written,
        fmt::format("a listener with protocol: {} needs to know where to", name_of(raw_protocol_of(listener.protocol))),
        fmt::format("write proxy: NAME, an upstream with protocol: {}", datagrams ? "udp" : "tcp"));
  }
  if (given.routes.is_null()) {
    raw.routes.push_back(
        {.server_names = {}, .route = make_route(listener.name, given.filters, given.proxy, raw.timeouts, at, names)});
    return true;
  }
  if (!given.proxy.is_null() || !given.filters.is_null()) {
    const std::string_view other = given.proxy.is_null() ? "filters" : "proxy";
    const Place place = given.proxy.is_null() ? given.filters.place() : given.proxy.place();
    return at.member(other).error(place, fmt::format("{} and routes stand together", other),
                                  "write a route without server_name for whoever no other route takes");
  }
  if (!names_are_known) {
    return at.member("routes").error(given.routes.place(),
                                     "without TLS clients do not say which server they want: only the port tells",
                                     "write proxy: NAME, and a listener for each upstream");
  }
  const Reading routes = at.member("routes");
  const bool good = for_each_item(given.routes, routes, [&](const Node& item, const Reading& here) {
    return read_route(item, here, names, listener.name, raw);
  });
  return each_can_be_reached(raw, routes) && good;
}

bool read_connections(const Node& node, const Reading& at, RawDocument& raw) {
  if (node.is_null()) return true;
  if (!option::read_unsigned(node, at, UINT64_MAX, raw.connections_max)) return false;
  return raw.connections_max > 0 || at.error(node, "no connection would be let in", "write 1 or more");
}

}  // namespace

const SchemaBase& raw_route_schema() {
  return route_draft_schema();
}
const SchemaBase& raw_timeouts_schema() {
  return lifetimes_schema();
}

RawProtocol raw_protocol_of(ListenerProtocol protocol) {
  if (protocol == ListenerProtocol::tls_passthrough) return RawProtocol::tls_passthrough;
  return protocol == ListenerProtocol::udp ? RawProtocol::udp : RawProtocol::tcp;
}

bool settle_raw(const Node& written, const Reading& at, const PluginNames& names, ListenerDocument& listener) {
  auto raw = std::make_shared<RawDocument>();
  const RawWritten& given = listener.raw_written;
  bool good = lacks_foreign_options(written, at, listener);
  good = lifetimes_schema().read_into(given.timeouts, at.member("timeouts"), raw->timeouts) && good;
  if (listener.protocol == ListenerProtocol::udp) {
    raw->connections_max = limits::udp_sessions;
    if (!raw->timeouts.tunnel_idle) raw->timeouts.tunnel_idle = limits::udp_idle;
  }
  good = read_targets(written, at, names, listener, *raw) && good;
  good = read_connections(given.connections, at.member("connections"), *raw) && good;
  listener.raw = std::move(raw);
  return good;
}

bool lacks_raw_options(const Node& written, const Reading& at) {
  static constexpr std::string_view why = "is an option of raw streams, and this listener speaks HTTP";
  bool good = true;
  for (const std::string_view option : {"proxy", "filters", "routes", "timeouts", "connections"}) {
    const Node::Member* member = written.find_member(option);
    if (member == nullptr) continue;
    good = at.member(option).error(member->place, fmt::format("{} {}", option, why),
                                   option == "timeouts" || option == "connections"
                                       ? "add protocol: tcp; those of HTTP stand under timeouts and limits"
                                       : "add protocol: tcp; or write it in a route: routes: [{ proxy: NAME }]");
  }
  return good;
}

}  // namespace weir::config
