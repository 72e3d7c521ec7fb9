// References, double names, and things nobody uses.
#include "app/config/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "app/config/plugin_use.h"
#include "app/config/raw_streams.h"
#include "net/address.h"

namespace weir::config {
namespace {

using Names = std::unordered_map<std::string_view, Place>;

template <typename Things>
std::vector<std::string_view> names_of(const Things& things) {
  std::vector<std::string_view> names;
  names.reserve(things.size());
  for (const auto& thing : things) names.push_back(thing.name);
  return names;
}

void taken(std::string_view what, std::string_view name, Place place, Place first, std::string path,
           Diagnostics& diagnostics) {
  diagnostics.error(place, std::move(path),
                    fmt::format("{} \"{}\" is defined a second time; the first is at {}", what, name, first.text()));
}

void check_listeners(const Document& document, Diagnostics& diagnostics) {
  Names names;
  std::unordered_map<std::string, Place> addresses;
  // [::] is how all addresses are written in full.
  const auto bound_at = [](const Endpoint& address) {
    const auto ip = IpAddress::parse(address.host);
    return ip && *ip == IpAddress() ? Endpoint{.host = {}, .port = address.port, .unix_path = {}}.text()
                                    : address.text();
  };
  for (std::size_t index = 0; const ListenerDocument& listener : document.listeners) {
    const std::string path = fmt::format("listeners[{}]", index++);
    const auto [named, new_name] = names.try_emplace(listener.name, listener.place);
    const bool any_port = !listener.address.is_unix() && listener.address.port == 0;
    const std::string_view transport = listener.protocol == ListenerProtocol::udp ? "udp " : "";
    const auto [bound, new_address] =
        addresses.try_emplace(std::string(transport) + bound_at(listener.address), listener.place);
    if (!new_address && !any_port) {
      diagnostics.error(listener.place, path,
                        fmt::format("address {} is listened on a second time; the first is at {}", bound->first,
                                    bound->second.text()));
    } else if (!new_name && !(any_port && listener.name == listener.address.text())) {
      taken("listener", listener.name, listener.place, named->second, path, diagnostics);
    }
  }
  for (const AdminDocument& admin : document.admin) {
    const auto [bound, new_address] = addresses.try_emplace(bound_at(admin.address), admin.place);
    if (new_address || (!admin.address.is_unix() && admin.address.port == 0)) continue;
    diagnostics.error(
        admin.place, "admin",
        fmt::format("address {} is listened on a second time; the first is at {}", bound->first, bound->second.text()));
  }
}

/// An authority looks for its proof on port 80, in the clear.
void check_proofs(const Document& document, Diagnostics& diagnostics) {
  const auto is_plain = [](const ListenerDocument& listener) {
    return !listener.tls && !listener.raw && !listener.address.is_unix();
  };
  if (std::ranges::any_of(document.listeners, is_plain)) return;
  for (const ListenerDocument& listener : document.listeners) {
    const bool proves_there =
        listener.tls && listener.tls->acme && listener.tls->acme->challenge == acme::ChallengeKind::http_01;
    if (!proves_there) continue;
    diagnostics.warning(listener.tls->acme->place, listener.tls->acme->path,
                        "authorities look for http-01 on port 80, and no listener speaks plain HTTP",
                        "add the listener \":80\", or write challenge: tls-alpn-01");
  }
}

/// Whether every name that some file asks for is among `known`. If so, no route needs to be looked at.
bool all_known(const Document& document, std::vector<std::string> RouteFile::* asked,
               const std::vector<std::string_view>& known) {
  const std::unordered_set<std::string_view> names(known.begin(), known.end());
  return std::ranges::all_of(document.route_files, [&](const auto& file) {
    return std::ranges::all_of((*file).*asked, [&](const std::string& name) { return names.contains(name); });
  });
}

/// Those that requests come through.
std::vector<std::string_view> http_listeners(const Document& document) {
  std::vector<std::string_view> names;
  for (const ListenerDocument& listener : document.listeners) {
    if (listener.raw == nullptr) names.push_back(listener.name);
  }
  return names;
}

void check_listener_names(const Document& document, Diagnostics& diagnostics) {
  const std::vector<std::string_view> names = http_listeners(document);
  if (all_known(document, &RouteFile::listeners, names)) return;
  const std::unordered_set<std::string_view> known(names.begin(), names.end());
  for (const auto& route : document.routes) {
    for (const auto& [name, place] : route->listeners) {
      if (known.contains(name)) continue;
      const auto raw = std::ranges::find(document.listeners, name, &ListenerDocument::name);
      if (raw == document.listeners.end()) {
        diagnostics.error(place, route->path + ".listeners", fmt::format("there is no listener \"{}\"", name),
                          did_you_mean(name, names));
      } else {
        diagnostics.error(
            place, route->path + ".listeners",
            fmt::format("no request comes through \"{}\": it passes raw streams on (at {})", name, raw->place.text()),
            "say there where they go: proxy");
      }
    }
  }
}

/// Routes that no request can come to.
void check_routes_are_reached(const Document& document, Diagnostics& diagnostics) {
  if (document.routes.empty() || document.listeners.empty() || !http_listeners(document).empty()) return;
  diagnostics.warning(document.routes.front()->place, document.routes.front()->path,
                      "can never match: no listener speaks HTTP, all pass raw streams on");
}

/// Visits the routes of raw streams, each with what its listener speaks.
template <typename Visit>
void for_each_raw_route(const Document& document, Visit visit) {
  for (const ListenerDocument& listener : document.listeners) {
    if (listener.raw == nullptr) continue;
    for (const RawRouteDocument& route : listener.raw->routes) visit(*route.route, listener.protocol);
  }
}

/// Whether no two routes can have the same name: no two names have the same hash.
bool names_differ(const Document& document) {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(document.routes.size());
  for (const auto& file : document.route_files) {
    hashes.insert(hashes.end(), file->name_hashes.begin(), file->name_hashes.end());
  }
  std::ranges::sort(hashes);
  return std::ranges::adjacent_find(hashes) == hashes.end();
}

void check_route_names(const Document& document, Diagnostics& diagnostics) {
  if (names_differ(document)) return;
  Names names;
  names.reserve(document.routes.size());
  for (const auto& route : document.routes) {
    if (route->name.empty()) continue;
    const auto [first, is_new] = names.try_emplace(route->name, route->place);
    if (!is_new) taken("route", route->name, route->place, first->second, route->path, diagnostics);
  }
}

/// What to write in place of a name that no upstream has. \param scheme  of a URL in its place
std::string instead_of(std::string_view name, std::string_view scheme, const std::vector<std::string_view>& names) {
  if (parse_endpoint(name)) return fmt::format("an address is written as a URL: {}://{}", scheme, name);
  return did_you_mean(name, names);
}

void check_upstream_names(const Document& document, Diagnostics& diagnostics) {
  const std::vector<std::string_view> names = names_of(document.upstreams);
  const std::unordered_set<std::string_view> known(names.begin(), names.end());
  const auto check = [&](const PluginUse& service, std::string_view scheme) {
    for (const auto& [name, place] : upstream_names(service)) {
      if (known.contains(name)) continue;
      diagnostics.error(place, service.path, fmt::format("there is no upstream \"{}\"", name),
                        instead_of(name, scheme, names));
    }
  };
  for_each_raw_route(document, [&](const RouteDocument& route, ListenerProtocol protocol) {
    check(route.service, protocol == ListenerProtocol::udp ? "udp" : "tcp");
  });
  if (all_known(document, &RouteFile::upstreams, names)) return;
  for (const auto& route : document.routes) {
    check(route->service, route->service.name == "fastcgi" ? "fastcgi" : "http");
  }
}

/// Those that filters outside of routes name: in chains, defaults and hosts.
std::unordered_set<std::string> upstreams_of_shared_filters(const Document& document) {
  std::unordered_set<std::string> used;
  const auto add = [&](const std::vector<PluginUse>& filters) {
    for (const PluginUse& filter : filters) {
      for (auto& [name, place] : upstream_names(filter)) used.insert(std::move(name));
    }
  };
  add(document.default_filters);
  for (const ChainDocument& chain : document.chains) add(chain.filters);
  for (const HostDocument& host : document.hosts) add(host.filters);
  return used;
}

void check_unused_upstreams(const Document& document, Diagnostics& diagnostics) {
  const std::unordered_set<std::string> shared = upstreams_of_shared_filters(document);
  std::unordered_set<std::string_view> used(shared.begin(), shared.end());
  for (const auto& file : document.route_files) used.insert(file->upstreams.begin(), file->upstreams.end());
  std::unordered_set<std::string> raw;
  for_each_raw_route(document, [&](const RouteDocument& route, ListenerProtocol) {
    for (auto& [name, place] : upstream_names(route.service)) raw.insert(std::move(name));
  });
  used.insert(raw.begin(), raw.end());
  for (const UpstreamDocument& upstream : document.upstreams) {
    if (used.contains(upstream.name)) continue;
    diagnostics.warning(upstream.place, "upstreams." + upstream.name, "no route uses this upstream");
  }
}

void check_chains(const Document& document, Diagnostics& diagnostics) {
  const std::vector<std::string_view> names = names_of(document.chains);
  for_each_raw_route(
      document, [&](const RouteDocument& route, ListenerProtocol) { check_uses(route.filters, names, diagnostics); });
  if (all_known(document, &RouteFile::chains, names)) return;
  for (const auto& route : document.routes) check_uses(route->filters, names, diagnostics);
}

std::string shown(const HostDocument* group) {
  return group == nullptr ? "no filters under hosts" : fmt::format("those of \"{}\"", group->host.text());
}

/// Filters of a host must not depend on which of a route's hosts came first, and never be lost silently.
void check_host_groups(const Document& document, Diagnostics& diagnostics) {
  if (document.hosts.empty()) return;
  const RouteFilters filters(document);
  for (const auto& route : document.routes) {
    if (!route->defaults || route->matches.size() < 2) continue;
    const HostDocument* first = filters.group_of(route->matches.front().host);
    for (const MatchRule& match : route->matches) {
      const HostDocument* group = filters.group_of(match.host);
      if (group == first) continue;
      diagnostics.error(
          match.place, route->path + ".match",
          fmt::format("the hosts of this route have different filters: {}, and {}", shown(first), shown(group)),
          "write one route for each host");
      break;
    }
  }
}

}  // namespace

void check_document(const Document& document, Diagnostics& diagnostics) {
  check_listeners(document, diagnostics);
  check_proofs(document, diagnostics);
  check_listener_names(document, diagnostics);
  check_routes_are_reached(document, diagnostics);
  check_route_names(document, diagnostics);
  check_upstream_names(document, diagnostics);
  check_unused_upstreams(document, diagnostics);
  check_chains(document, diagnostics);
  check_host_groups(document, diagnostics);
}

}  // namespace weir::config
