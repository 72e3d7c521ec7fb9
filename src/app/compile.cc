// Building clusters, routes and the router, in that order.
#include "app/compile.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/acme/build.h"
#include "app/catalog.h"
#include "app/config/raw_streams.h"
#include "app/filter_order.h"
#include "app/fleet_of_start.h"
#include "app/limits_in_chain.h"
#include "app/process/surroundings.h"
#include "app/tls/file_certificates.h"
#include "app/upstream_parts.h"
#include "app/upstream_protocol.h"
#include "app/upstream_url.h"
#include "server/raw_listener.h"

namespace weir {
namespace {

/// \returns  false after an error
bool add_checks(const config::HealthDocument& health, BuildContext& context, CheckRules& rules) {
  rules.every = health.every;
  rules.timeout = health.timeout;
  rules.retry_every = health.retry_every;
  rules.up_after = health.up_after;
  rules.down_after = health.down_after;
  rules.begin_up = health.begin == config::HealthDocument::Begin::up;
  rules.port = health.port;
  const HealthCheckKind* kind = find_health_check(health.check.name);
  if (kind == nullptr) return true;
  context.path = health.check.path;
  rules.check = kind->build(health.check.options, context);
  return rules.check != nullptr;
}

std::shared_ptr<const Cluster> make_cluster(const config::UpstreamDocument& upstream, BuildContext& context,
                                            WallTime now) {
  ClusterSettings settings;
  settings.name = upstream.name;
  settings.place = upstream.place;
  if (!add_endpoints(upstream, context, settings) || !add_subset(upstream, context, settings)) return nullptr;
  settings.timeouts = upstream.timeouts;
  settings.connections = upstream.connections;
  settings.resolve_every = upstream.resolve_every;
  settings.retries = upstream.retries;
  settings.hedge = upstream.hedge;
  settings.deadline_field = upstream.deadline_field;
  settings.cores = context.cores;
  settings.zone = upstream.zone;
  settings.roster.zone_traffic_per_million = upstream.zone_spill.traffic.per_million;
  settings.roster.near_in_flight = static_cast<double>(upstream.zone_spill.in_flight) / context.cores;
  settings.slow_start = upstream.slow_start;
  settings.health.outliers = upstream.outliers;
  settings.health.panic_below_percent = upstream.panic_below_percent;
  if (!add_checks(upstream.health, context, settings.health.checks)) return nullptr;
  const BalancerKind* kind = find_balancer(upstream.balance.name);
  context.path = upstream.balance.path;
  if (kind != nullptr) settings.balancer = kind->build(upstream.balance.options, context);
  if (settings.balancer == nullptr) return nullptr;
  const std::string name = "upstream " + upstream.name;
  if (upstream.circuit_breaker)
    settings.circuit_breaker = make_circuit_breaker(*upstream.circuit_breaker, name, context);
  if (upstream.concurrency) settings.concurrency = make_bulkhead(*upstream.concurrency, name, context);
  settings.sticky = make_sticky(upstream, context);
  if (!choose_protocol(upstream, context, now, settings)) return nullptr;
  if (!choose_introduction(upstream, context, settings)) return nullptr;
  if (!may_be_asked(upstream, context, settings)) return nullptr;
  return std::make_shared<const Cluster>(std::move(settings), context.shared_states, context.cores);
}

// Borrows the matches from the document: copying those of 100,000 routes took a fifth of a reload.
RouteRule rule_of(const config::RouteDocument& route, std::uint32_t number, ListenerNumbers& listeners) {
  RouteRule rule{
      .route = number, .matches = route.matches, .listeners = {}, .priority = route.priority, .place = route.place};
  for (const auto& [name, place] : route.listeners) rule.listeners.push_back(listeners.number_of(name));
  return rule;
}

std::vector<std::shared_ptr<const PathRegex>> path_regexes_of(const config::RouteDocument& route) {
  std::vector<std::shared_ptr<const PathRegex>> regexes;
  for (const MatchRule& match : route.matches) regexes.push_back(match.path.regex);
  return regexes;
}

/// What a chain has wrong is told once, however many routes use it.
void warn_of_order(const std::vector<const config::PluginUse*>& uses, Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const config::PluginUse* use : uses) names.push_back(use->name);
  for (const OrderDoubt& doubt : doubts_about_order(names)) {
    const config::PluginUse& second = *uses[doubt.second];
    const bool told = std::ranges::any_of(diagnostics.all(), [&](const Diagnostic& each) {
      return each.place == second.place && each.message == doubt.message;
    });
    if (!told) diagnostics.warning(second.place, second.path, doubt.message, doubt.suggestion);
  }
}

/// What upstreams read beside the configuration may have changed although nothing else has: a reload reads it again.
bool upstreams_read_files(const config::Document& document) {
  return std::ranges::any_of(document.upstreams, [](const config::UpstreamDocument& upstream) {
    const ClientTlsOptions* const tls = upstream.tls ? &*upstream.tls : nullptr;
    return tls != nullptr && !(tls->authorities.empty() && tls->revocation.empty() && tls->certificate.empty());
  });
}

void warn_of_ties(const Gateway& gateway, Diagnostics& diagnostics) {
  for (const RouteWarning& warning : gateway.router.warnings()) {
    const Route& loser = *gateway.routes[warning.rule.route];
    const bool shadowed = warning.kind == RouteWarning::Kind::shadowed;
    diagnostics.warning(
        loser.place, loser.name,
        shadowed ? fmt::format("can never match: whatever it matches goes to the route at {}", warning.by.place.text())
                 : fmt::format("ties with the route at {}, which stands earlier and wins", warning.by.place.text()),
        shadowed ? "remove it, or make it more specific" : "give one of them a priority");
  }
}

/// "access, circuit_breaker and limit": those that stand in front of raw streams.
std::string filters_without_http() {
  std::vector<std::string_view> names;
  for (const FilterKind* kind : filter_kinds()) {
    if (!kind->needs_http) names.push_back(kind->name);
  }
  const std::string_view last = names.back();
  names.pop_back();
  return fmt::format("{} and {}", fmt::join(names, ", "), last);
}

/// A filter that looks for a request finds none in a raw stream.
void forbid_filters_of_http(const std::vector<const config::PluginUse*>& uses, Diagnostics& diagnostics) {
  for (const config::PluginUse* use : uses) {
    const FilterKind* const kind = find_filter(use->name);
    if (kind == nullptr || !kind->needs_http) continue;  // the document has complained of those that are none
    diagnostics.error(use->place, use->path,
                      fmt::format("filter {} needs requests of HTTP, and raw streams have none", use->name),
                      fmt::format("in front of raw streams stand {}", filters_without_http()));
  }
}

}  // namespace

/// What plug-ins may ask while they are built.
class Compiler::Context final : public BuildContext {
 public:
  Context(Clusters& clusters, const Timeouts& timeouts_in, WallTime now_in, Diagnostics& diagnostics_in)
      : BuildContext(diagnostics_in, {}), timeouts(timeouts_in), now(now_in), clusters_(clusters) {}
  /// The same for routes of raw streams. \param wanted  of their upstreams
  Context(const Context& around, UpstreamProtocol wanted)
      : BuildContext(around),
        timeouts(around.timeouts),
        now(around.now),
        clusters_(around.clusters_),
        wanted_(wanted) {}

  std::shared_ptr<const Cluster> cluster(const Node& reference) override { return find(reference, wanted_); }
  std::shared_ptr<const Cluster> fastcgi_cluster(const Node& reference) override {
    return find(reference, UpstreamProtocol::fastcgi);
  }

  std::unique_ptr<const Service> service(const Node::Member& written) override {
    const ServiceKind* kind = find_service(written.name);
    if (kind == nullptr) {
      std::vector<std::string_view> names;
      for (const ServiceKind* each : service_kinds()) names.push_back(each->name);
      diagnostics.error(written.place, path + "." + written.name, "unknown option or service",
                        did_you_mean(written.name, names));
      return nullptr;
    }
    const std::string around = std::exchange(path, path + "." + written.name);
    auto made = kind->build(written.value, *this);
    path = around;
    return made;
  }

  const Timeouts& timeouts;  ///< where a route does not say
  const WallTime now;

 private:
  std::shared_ptr<const Cluster> find(const Node& reference, UpstreamProtocol wanted) {
    if (!reference.is_scalar()) {
      diagnostics.error(
          reference.place(), path,
          fmt::format("expected the name of an upstream or a URL, found {}", reference.shown()),
          "several share the requests as a list of their own: proxy: [{ to: a, weight: 1 }, { to: b, weight: 1 }]");
      return nullptr;
    }
    const std::string& text = reference.text();
    if (const auto found = clusters_.find(key_of(text, wanted)); found != clusters_.end()) {
      return speaking(reference, found->second, wanted);
    }
    if (is_url(text)) return from_url(reference, wanted);
    if (told_already(reference.place())) return nullptr;  // the document has found the same
    std::vector<std::string_view> names;
    for (const auto& [name, cluster] : clusters_) names.push_back(name);
    diagnostics.error(reference.place(), path, fmt::format("no upstream is called {}", reference.shown()),
                      did_you_mean(text, names));
    return nullptr;
  }

  /// The cluster, if it speaks that protocol.
  std::shared_ptr<const Cluster> speaking(const Node& reference, std::shared_ptr<const Cluster> cluster,
                                          UpstreamProtocol wanted) const {
    if (cluster == nullptr) return cluster;
    const UpstreamProtocol spoken = cluster->settings().speaks;
    // Both versions of HTTP carry requests.
    if (spoken == wanted || (spoken == UpstreamProtocol::h2c && wanted == UpstreamProtocol::http)) return cluster;
    std::string advice = fmt::format("add protocol: {} to it, or use proxy", weir::name_of(wanted));
    if (is_raw(wanted)) {
      advice = fmt::format("such raw streams go to upstreams with protocol: {}", weir::name_of(wanted));
    } else if (is_raw(spoken)) {
      advice = fmt::format("a listener with protocol: {} leads there", weir::name_of(spoken));
    } else if (wanted == UpstreamProtocol::http) {
      advice = "use the fastcgi service";
    }
    diagnostics.error(reference.place(), path,
                      fmt::format("upstream {} speaks {}", reference.shown(), weir::name_of(spoken)),
                      std::move(advice));
    return nullptr;
  }

  [[nodiscard]] bool told_already(Place place) const {
    return std::ranges::any_of(diagnostics.all(), [&](const Diagnostic& told) { return told.place == place; });
  }

  std::shared_ptr<const Cluster> from_url(const Node& reference, UpstreamProtocol wanted) {
    std::string_view text = reference.text();
    const UrlKind* const kind = url_kind_of(text);
    if ((kind != nullptr && kind->leads_to != wanted) || (kind == nullptr && wanted == UpstreamProtocol::udp)) {
      const bool fastcgi = kind != nullptr && kind->leads_to == UpstreamProtocol::fastcgi;
      diagnostics.error(reference.place(), path, fmt::format("{} is another protocol's URL", reference.shown()),
                        fastcgi ? "use the fastcgi service" : std::string(url_advice(wanted)));
      return nullptr;
    }
    const bool secured = text.starts_with("https://");
    if (kind != nullptr) text.remove_prefix(std::min(text.size(), text.find("://") + 3));
    if (text.ends_with('/')) text.remove_suffix(1);
    const auto endpoint = parse_endpoint(text, kind == nullptr ? std::uint16_t{0} : kind->port);
    if (!endpoint) {
      diagnostics.error(reference.place(), path,
                        fmt::format("{} is not an upstream's URL: {}", reference.shown(), endpoint.error().text),
                        std::string(url_advice(wanted)));
      return nullptr;
    }
    config::UpstreamDocument upstream;
    upstream.name = (secured ? "https://" : std::string(name_prefix_of(wanted))) + endpoint->text();
    upstream.place = reference.place();
    upstream.endpoints.push_back({.address = *endpoint, .place = reference.place()});
    upstream.speak(wanted);
    if (secured) upstream.tls = ClientTlsOptions{.place = reference.place(), .path = path};
    auto made = make_cluster(upstream, *this, now);
    clusters_.emplace(key_of(reference.text(), wanted), made);
    return made;
  }

  Clusters& clusters_;
  const UpstreamProtocol wanted_ = UpstreamProtocol::http;
};

// A route that was built from the very same document, while nothing that routes share has changed, is used again.
std::shared_ptr<const Route> Compiler::route_of(const std::shared_ptr<const config::RouteDocument>& written,
                                                std::size_t number, const config::RouteFilters& filters,
                                                Context& context, BuiltRoutes& kept) {
  kept.documents.push_back(written);
  std::shared_ptr<const Route> found = routes_.find(written);
  // A route without a name is called by its number, which other routes may have moved.
  if (found != nullptr && (!written->name.empty() || found->name == name_of(*written, number))) {
    kept.routes.push_back(found);
    return found;
  }
  const std::size_t complaints = context.diagnostics.all().size();
  const std::uint64_t files_asked = files_.asked();
  std::shared_ptr<const Route> built = build(*written, number, filters, context);
  // What somebody complained about is built again next time, so that the complaint is made again.
  const bool reusable = context.diagnostics.all().size() == complaints && files_.asked() == files_asked;
  kept.routes.push_back(reusable ? built : nullptr);
  return built;
}

std::shared_ptr<const Route> Compiler::BuiltRoutes::find(const std::shared_ptr<const config::RouteDocument>& document) {
  const std::size_t end = std::min(documents.size(), next + reach);
  for (std::size_t at = next; at < end; ++at) {
    if (documents[at] != document) continue;
    next = at + 1;
    return routes[at];
  }
  return nullptr;
}

std::string Compiler::name_of(const config::RouteDocument& written, std::size_t number) {
  return written.name.empty() ? fmt::format("routes[{}]", number) : written.name;
}

std::shared_ptr<const Route> Compiler::build(const config::RouteDocument& written, std::size_t number,
                                             const config::RouteFilters& filters, Context& context) {
  auto route = std::make_shared<Route>();
  route->name = name_of(written, number);
  route->place = written.place;
  route->upgrades = written.upgrades;
  route->request_timeout = written.timeouts.request.value_or(context.timeouts.request);
  route->tunnel_idle = written.timeouts.tunnel_idle.value_or(context.timeouts.tunnel_idle);
  route->tunnel_age = written.timeouts.tunnel_age.value_or(context.timeouts.tunnel_age);
  context.path_regexes = path_regexes_of(written);
  const std::vector<const config::PluginUse*> uses = filters.of(written);
  warn_of_order(uses, context.diagnostics);
  std::vector<BuiltFilter> filters_built;
  for (const config::PluginUse* use : uses) {
    const FilterKind* kind = find_filter(use->name);
    context.path = use->path;
    if (kind == nullptr) continue;  // the document has complained already
    std::shared_ptr<const Filter> filter = kind->build(use->options, context);
    if (filter == nullptr) continue;
    route->filters.push_back(filter.get());
    filters_built.emplace_back(use, filter.get());
    route->filter_names.push_back(use->name);
    route->filters_text += (route->filters_text.empty() ? "" : " ") + use->name;
    route->owned_filters.push_back(std::move(filter));
  }
  warn_of_limits_apart(filters_built, context.diagnostics);
  route->service_name = written.service.name;
  if (const ServiceKind* kind = find_service(written.service.name)) {
    context.path = written.service.path;
    route->service = kind->build(written.service.options, context);
    route->opens_tunnels = kind->opens_tunnels;
  }
  return route;
}

std::shared_ptr<const Gateway> Compiler::compile(const config::Document& document, ListenerNumbers& listeners,
                                                 WallTime now, Diagnostics& diagnostics) {
  auto gateway = std::make_shared<Gateway>();
  gateway->limits = document.limits;
  gateway->timeouts = document.timeouts;
  gateway->forwarded = document.forwarded;
  gateway->stories = document.stories;
  gateway->trusted_proxies = document.trusted_proxies;
  gateway->hash = document.hash.text();
  gateway->source = document.source;
  gateway->loaded_at = now;

  const bool same_surroundings = compiled_before_ && shared_ == document.shared && !upstreams_read_files(document);
  if (!same_surroundings) routes_ = {};
  routes_.next = 0;
  Clusters clusters;
  Context context(clusters, document.timeouts, now, diagnostics);
  files_.begin();
  context.files = &files_;
  context.shared_states = states_.get();
  context.fleet = fleet_of_start(fleet_, document.fleet, diagnostics);
  if (cores_ == 0) cores_ = worker_count(document);
  context.cores = cores_;
  add_certificates(document, listeners, now, *gateway, diagnostics);
  if (same_surroundings) {
    clusters = clusters_;
    for (const config::UpstreamDocument& upstream : document.upstreams) look_at_endpoint_files(upstream, context);
  } else {
    for (const config::UpstreamDocument& upstream : document.upstreams) {
      clusters.emplace(upstream.name, make_cluster(upstream, context, now));
    }
  }

  const config::RouteFilters filters(document);
  BuiltRoutes kept;
  std::vector<RouteRule> rules;
  kept.documents.reserve(document.routes.size());
  kept.routes.reserve(document.routes.size());
  rules.reserve(document.routes.size());
  gateway->routes.reserve(document.routes.size());
  for (const auto& written : document.routes) {
    const auto number = static_cast<std::uint32_t>(gateway->routes.size());
    gateway->routes.push_back(route_of(written, number, filters, context, kept));
    rules.push_back(rule_of(*written, number, listeners));
  }
  add_raw_listeners(document, listeners, filters, context, *gateway);
  if (diagnostics.has_errors()) return nullptr;
  gateway->router = Router(rules);
  warn_of_ties(*gateway, diagnostics);
  keep(std::move(kept), std::move(clusters), document.shared);
  for (const auto& [name, cluster] : clusters_) gateway->clusters.push_back(cluster);
  return gateway;
}

void Compiler::add_certificates(const config::Document& document, ListenerNumbers& listeners, WallTime now,
                                Gateway& gateway, Diagnostics& diagnostics) {
  for (const config::ListenerDocument& listener : document.listeners) {
    if (!listener.tls) continue;
    const std::uint16_t number = listeners.number_of(listener.name);
    if (gateway.certificates.size() <= number) gateway.certificates.resize(number + std::size_t{1});
    FileCertificates::Around around{.listener = listener.name,
                                    .tickets = tickets_,
                                    .hellos = hellos_,
                                    .answers = OcspAnswers::of(*states_),
                                    .files = files_,
                                    .diagnostics = diagnostics};
    if (listener.tls->acme) {
      auto issued = acme::listener_certificates(*listener.tls->acme, files_, *states_, diagnostics);
      if (!issued) continue;
      gateway.challenges = issued->proofs;
      if (listener.tls->acme->challenge == acme::ChallengeKind::tls_alpn_01) around.challenges = issued->proofs;
      around.managed = std::move(issued->managed);
      around.on_demand = std::move(issued->on_demand);
    }
    gateway.certificates[number] = FileCertificates::open(*listener.tls, around, now);
  }
}

void Compiler::add_raw_listeners(const config::Document& document, ListenerNumbers& listeners,
                                 const config::RouteFilters& filters, Context& context, Gateway& gateway) {
  for (const config::ListenerDocument& listener : document.listeners) {
    if (listener.raw == nullptr) continue;
    std::vector<RawRoute> routes;
    const bool datagrams = listener.protocol == config::ListenerProtocol::udp;
    Context of_listener(context, datagrams ? UpstreamProtocol::udp : UpstreamProtocol::tcp);
    for (const config::RawRouteDocument& written : listener.raw->routes) {
      forbid_filters_of_http(filters.of(*written.route), context.diagnostics);
      RawRoute& route =
          routes.emplace_back(RawRoute{.server_names = {}, .route = build(*written.route, 0, filters, of_listener)});
      for (const auto& [name, place] : written.server_names) route.server_names.push_back(name);
    }
    auto made = std::make_shared<RawListener>();
    made->routes = RawRoutes(std::move(routes));
    made->connections_max = listener.raw->connections_max;
    made->count = states_->find_or_make<RawCount>("raw/" + listener.name, [] { return std::make_shared<RawCount>(); });
    const std::uint16_t number = listeners.number_of(listener.name);
    if (gateway.raw_listeners.size() <= number) gateway.raw_listeners.resize(number + std::size_t{1});
    gateway.raw_listeners[number] = std::move(made);
  }
}

void Compiler::keep(BuiltRoutes routes, Clusters clusters, config::ContentHash shared) {
  routes_ = std::move(routes);
  clusters_ = std::move(clusters);
  shared_ = shared;
  compiled_before_ = true;
  // Clusters made from a URL are there for the routes that name them.
  std::erase_if(clusters_, [](const auto& entry) { return is_url(entry.first) && entry.second.use_count() == 1; });
}

config::PluginNames plugin_names() {
  config::PluginNames names;
  for (const FilterKind* kind : filter_kinds()) names.filters.push_back(kind->name);
  for (const ServiceKind* kind : service_kinds()) names.services.push_back(kind->name);
  for (const BalancerKind* kind : balancer_kinds()) names.balancers.push_back(kind->name);
  return names;
}

}  // namespace weir
