// Reading a route: match, filters, and the one service under its own name.
#include "app/config/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/config/plugin_use.h"
#include "base/text.h"
#include "contracts/schema.h"
#include "http/characters.h"

namespace weir::config {
namespace {

/// Keeps a pattern that could be parsed, or says why it could not.
template <typename T>
bool take(const Node& node, const Reading& reading, MatchResult<T> parsed, T& out) {
  if (!parsed) return reading.error(node, fmt::format("{}: {}", node.shown(), text_of(parsed.error())));
  out = std::move(*parsed);
  return true;
}

bool read_host(const Node& node, const Reading& reading, MatchRule& rule) {
  if (!option::want_scalar(node, reading, "a host such as shop.example.com")) return false;
  return take(node, reading, HostPattern::parse(node.text()), rule.host);
}

bool read_path(const Node& node, const Reading& reading, MatchRule& rule) {
  if (!option::want_scalar(node, reading, "a path such as /cart/*")) return false;
  return take(node, reading, PathPattern::parse(node.text()), rule.path);
}

bool read_path_regex(const Node& node, const Reading& reading, MatchRule& rule) {
  if (!option::want_scalar(node, reading, "a regular expression such as \"^/p/[0-9]+$\"")) return false;
  return take(node, reading, PathPattern::parse_regex(node.text()), rule.path);
}

bool read_method(const Node& node, const Reading& reading, MatchRule& rule) {
  std::vector<Node> words;
  bool good = OptionType<std::vector<Node>>::read(node, reading, words);
  for (const Node& word : words) {
    std::string method;
    const bool taken = option::want_scalar(word, reading, "a method such as GET") &&
                       take(word, reading, parse_method(word.text()), method);
    if (taken) rule.methods.push_back(std::move(method));
    good = good && taken;
  }
  return good;
}

/// `{ name: value }`, where no value asks for presence alone.
bool read_values(const Node& node, const Reading& reading,
                 MatchResult<ValuePattern> (*parse)(std::string_view, std::optional<std::string_view>),
                 std::vector<ValuePattern>& out) {
  if (!option::want_map(node, reading, "names and values")) return false;
  bool good = true;
  for (const Node::Member& member : node.members()) {
    const Reading at = reading.member(member.name);
    const bool present = member.value.is_null();
    ValuePattern pattern;
    const auto value = present ? std::nullopt : std::optional<std::string_view>(member.value.text());
    if (!present && !option::want_scalar(member.value, at, "a text"))
      good = false;
    else if (auto parsed = parse(member.name, value))
      out.push_back(std::move(*parsed));
    else
      good = at.error(member.place, fmt::format("\"{}\": {}", member.name, text_of(parsed.error())));
  }
  return good;
}

bool read_header(const Node& node, const Reading& reading, MatchRule& rule) {
  return read_values(node, reading, &ValuePattern::parse_header, rule.headers);
}

bool read_query(const Node& node, const Reading& reading, MatchRule& rule) {
  return read_values(node, reading, &ValuePattern::parse_query, rule.queries);
}

bool one_path_only(const Node& node, const Reading& reading, MatchRule&) {
  const Node::Member* regex = node.find_member("path_regex");
  if (regex == nullptr || node.find("path") == nullptr) return true;
  return reading.error(regex->place, "path and path_regex stand together", "write one of them");
}

bool read_match(const Node& node, const Reading& reading, MatchRule& rule) {
  rule.place = node.place();
  if (!option::want_map(node, reading, "what to match, such as { path: /cart/* }")) return false;
  return match_schema().read_into(node, reading, rule);
}

/// A route while it is read: what needs the names of plug-ins is looked at afterwards.
struct RouteDraft {
  std::string name;
  std::vector<Node> listeners;
  Node match;
  std::int32_t priority = 0;
  Node filters;
  bool defaults = true;
  std::vector<std::string> upgrades;
  RouteTimeouts timeouts;
  std::vector<Node::Member> others;
};

/// A route whose every request is over before it began is a mistake.
std::string time_complaint(const std::optional<Duration>& time) {
  constexpr Duration shortest = std::chrono::milliseconds{1};
  const bool too_small = time && *time >= Duration::zero() && *time < shortest;
  return too_small ? "is too small; write at least 1ms, or none" : "";
}

/// Names and versions of protocols are tokens (RFC 9110 section 7.8).
std::string upgrades_complaint(const std::vector<std::string>& protocols) {
  for (const std::string& protocol : protocols) {
    const std::size_t slash = std::min(protocol.find('/'), protocol.size());
    const std::string_view version = std::string_view(protocol).substr(std::min(slash + 1, protocol.size()));
    if (!characters::is_token(protocol.substr(0, slash)) || (slash < protocol.size() && !characters::is_token(version)))
      return fmt::format("names \"{}\", which is no protocol; write [websocket]", protocol);
  }
  return {};
}

const Schema<RouteTimeouts>& route_timeouts_schema() {
  static const auto schema =
      Schema<RouteTimeouts>("timeouts", "What a route overrides of the general timeouts.")
          .option("request", &RouteTimeouts::request,
                  {.doc = "From the first byte of the request to the last byte sent; tunnels are exempt.",
                   .example = "60s",
                   .complaint = time_complaint})
          .option("tunnel_idle", &RouteTimeouts::tunnel_idle,
                  {.doc = "A tunnel in which nothing moves.", .example = "10m", .complaint = time_complaint})
          .option("tunnel_age", &RouteTimeouts::tunnel_age,
                  {.doc = "A tunnel that is simply old.", .example = "12h", .complaint = time_complaint});
  return schema;
}

/// The node as it is, to be read when everything else is.
auto kept_as(Node RouteDraft::* member) {
  return [member](const Node& node, const Reading&, RouteDraft& draft) {
    draft.*member = node;
    return true;
  };
}

const Schema<RouteDraft>& draft_schema() {
  static const auto schema =
      Schema<RouteDraft>("route", "What it matches, the filters in their order, and exactly one service.")
          .option("name", &RouteDraft::name, {.doc = "What logs and explain call it.", .example = "cart"})
          .custom("listeners", "list of listener name",
                  [](const Node& node, const Reading& at, RouteDraft& draft) {
                    return OptionType<std::vector<Node>>::read(node, at, draft.listeners);
                  },
                  {.doc = "Where it can be reached; everywhere when not given.", .example = "[web]"})
          .custom("match", "list of match", kept_as(&RouteDraft::match),
                  {.doc = "A map of which all must hold, or a list of such maps of which any may.",
                   .example = "{ host: shop.example.com, path: /cart/* }"},
                  &match_schema())
          .option("priority", &RouteDraft::priority,
                  {.doc = "A higher one goes first, whatever else the order says.", .example = "10"})
          .custom("filters", "list of filter", kept_as(&RouteDraft::filters),
                  {.doc = "Run top to bottom on the request, bottom to top on the response.",
                   .example = "[{ body_limit: 1MiB }]"})
          .choice("defaults", &RouteDraft::defaults, {{"on", true}, {"off", false}},
                  {.doc = "off: neither defaults.filters nor those under hosts.", .example = "off"})
          .option("upgrade", &RouteDraft::upgrades,
                  {.doc = "Protocols that may be tunnelled; any for all.",
                   .example = "[websocket]",
                   .complaint = upgrades_complaint})
          .nested("timeouts", &RouteDraft::timeouts, route_timeouts_schema(), {.doc = "Overrides of timeouts."})
          .rest([](const Node::Member& member, const Reading&, RouteDraft& draft) {
            draft.others.push_back(member);
            return true;
          });
  return schema;
}

void add_listeners(const std::vector<Node>& nodes, const Reading& reading, RouteDocument& route) {
  for (const Node& node : nodes) {
    if (!option::want_scalar(node, reading, "the name of a listener")) continue;
    route.listeners.emplace_back(node.text(), node.place());
  }
}

void add_matches(const Node& node, const Reading& reading, RouteDocument& route) {
  if (node.is_null()) return;
  if (!node.is_list()) {
    read_match(node, reading, route.matches.emplace_back());
    return;
  }
  route.matches.reserve(node.items().size());
  for (std::size_t index = 0; const Node& item : node.items()) {
    read_match(item, reading.item(index++), route.matches.emplace_back());
  }
}

bool is_service(std::string_view name, const PluginNames& names) {
  return std::ranges::find(names.services, name) != names.services.end();
}

void unknown_option(const Node::Member& member, const Reading& reading, const PluginNames& names) {
  std::vector<std::string_view> candidates = draft_schema().option_names();
  candidates.insert(candidates.end(), names.services.begin(), names.services.end());
  std::string suggestion = did_you_mean(member.name, candidates);
  const bool filter = std::ranges::find(names.filters, member.name) != names.filters.end();
  if (filter) suggestion = fmt::format("it is a filter: write filters: [{{ {}: ... }}]", member.name);
  reading.member(member.name)
      .error(member.place, fmt::format("unknown option or service \"{}\"", member.name), std::move(suggestion));
}

std::string listed(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) {
    text += (text.empty() ? "" : name == names.back() ? " or " : ", ") + std::string(name);
  }
  return text;
}

/// \returns  whether something stood where a service is expected, known or not
bool add_service(const std::vector<Node::Member>& others, const Reading& reading, const PluginNames& names,
                 RouteDocument& route) {
  for (const Node::Member& member : others) {
    if (!is_service(member.name, names)) {
      unknown_option(member, reading, names);
    } else if (!route.service.name.empty()) {
      reading.error(member.place,
                    fmt::format("two services, \"{}\" (at {}) and \"{}\"", route.service.name,
                                route.service.place.text(), member.name),
                    "a route has exactly one");
    } else {
      route.service = {.name = member.name,
                       .options = member.value,
                       .place = member.place,
                       .path = reading.member(member.name).path()};
    }
  }
  return !others.empty();
}

std::shared_ptr<const RouteDocument> read_route(const Node& node, const Reading& reading, const PluginNames& names) {
  auto route = std::make_shared<RouteDocument>();
  route->place = node.place();
  route->path = reading.path();
  if (!option::want_map(node, reading, "a route")) return route;
  RouteDraft draft;
  draft_schema().read_into(node, reading, draft);
  route->name = std::move(draft.name);
  route->priority = draft.priority;
  route->defaults = draft.defaults;
  route->timeouts = draft.timeouts;
  for (const std::string& protocol : draft.upgrades) route->upgrades.push_back(text::to_lower(protocol));
  add_listeners(draft.listeners, reading.member("listeners"), *route);
  add_matches(draft.match, reading.member("match"), *route);
  route->filters = read_filters(draft.filters, reading.member("filters"), names);
  if (!add_service(draft.others, reading, names, *route)) {
    reading.error(node, "a route needs a service", fmt::format("write one of {}", listed(names.services)));
  }
  return route;
}

void summarize(RouteFile& file) {
  std::set<std::string> listeners;
  std::set<std::string> upstreams;
  std::set<std::string> chains;
  for (const auto& route : file.routes) {
    for (const auto& [name, place] : route->listeners) listeners.insert(name);
    for (auto& [name, place] : upstream_names(route->service)) upstreams.insert(std::move(name));
    for (const PluginUse& filter : route->filters) {
      for (auto& [name, place] : upstream_names(filter)) upstreams.insert(std::move(name));
      if (filter.name == use_word) chains.insert(filter.options.text());
    }
    if (!route->name.empty()) file.name_hashes.push_back(hash_of(route->name).low);
  }
  file.listeners.assign(listeners.begin(), listeners.end());
  file.upstreams.assign(upstreams.begin(), upstreams.end());
  file.chains.assign(chains.begin(), chains.end());
}

}  // namespace

const Schema<MatchRule>& match_schema() {
  static const auto schema =
      Schema<MatchRule>("match", "What a request must be like; all that is given must hold.")
          .custom("host", "host", read_host,
                  {.doc = "The host, or *.example.com for any depth below it.", .example = "shop.example.com"})
          .custom("path", "path", read_path,
                  {.doc = "/cart is exact; /cart/* is /cart and all below.", .example = "/cart/*"})
          .custom("path_regex", "regular expression", read_path_regex,
                  {.doc = "RE2, anchored as written.", .example = "\"^/p/([0-9]+)$\""})
          .custom("method", "list of methods", read_method, {.doc = "Any of them.", .example = "[GET, POST]"})
          .custom("header", "map of text", read_header,
                  {.doc = "All of them; without value: it is there.", .example = "{ x-version: 2 }"})
          .custom("query", "map of text", read_query,
                  {.doc = "All of them; without value: it is there.", .example = "{ debug: }"})
          .option("client", &MatchRule::clients, {.doc = "Any of these blocks of addresses.", .example = "10.0.0.0/8"})
          .check(one_path_only);
  return schema;
}

const SchemaBase& route_schema() {
  return draft_schema();
}

std::shared_ptr<const RouteFile> read_routes(const Node& node, const PluginNames& names, Diagnostics& diagnostics) {
  const Reading root(diagnostics);
  const Reading reading = root.member("routes");
  auto file = std::make_shared<RouteFile>();
  if (node.is_null()) return file;
  if (!node.is_list()) {
    reading.error(node, fmt::format("expected a list of routes, found {}", node.shown()),
                  "begin each route with a dash");
    return file;
  }
  file->routes.reserve(node.items().size());
  for (std::size_t index = 0; const Node& item : node.items()) {
    file->routes.push_back(read_route(item, reading.item(index++), names));
  }
  summarize(*file);
  return file;
}

}  // namespace weir::config
