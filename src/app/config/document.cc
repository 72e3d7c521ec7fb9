// Putting the document together: files, sections, routes, checks.
#include "app/config/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "app/config/checks.h"
#include "app/config/include.h"
#include "app/config/items.h"
#include "app/config/listeners.h"
#include "app/config/plugin_use.h"
#include "app/config/routes.h"
#include "app/config/upstreams.h"
#include "app/default_admin.h"
#include "contracts/schema.h"

namespace weir::config {
namespace {

/// More threads than any machine of today has cores is a slip of the finger.
constexpr std::uint64_t workers_max = 1024;

bool read_workers(const Node& node, const Reading& reading, Document& document) {
  if (!option::want_scalar(node, reading, "a number or auto")) return false;
  if (node.text() == "auto") {
    document.workers = 0;
    return true;
  }
  std::uint64_t number = 0;
  if (!option::read_unsigned(node, reading, workers_max, number)) return false;
  if (number == 0) return reading.error(node, "no worker would do no work", "write auto or 1");
  document.workers = static_cast<std::uint32_t>(number);
  return true;
}

bool read_admins(const Node& node, const Reading& reading, Document& document) {
  document.admin.clear();
  return for_each_item(node, reading, [&](const Node& item, const Reading& at) {
    return read_admin(item, at, document.admin.emplace_back());
  });
}

/// The top level, together with the names that its parts are checked against.
struct Draft {
  Document document;
  const PluginNames* names = nullptr;
};

bool read_listeners(const Node& node, const Reading& reading, Draft& draft) {
  return read_listeners(node, reading, *draft.names, draft.document.listeners);
}

bool read_upstreams(const Node& node, const Reading& reading, Draft& draft) {
  return read_upstreams(node, reading, *draft.names, draft.document.upstreams);
}

bool read_chains(const Node& node, const Reading& reading, Draft& draft) {
  if (!option::want_map(node, reading, "names and their filters")) return false;
  for (const Node::Member& member : node.members()) {
    draft.document.chains.push_back({.name = member.name,
                                     .place = member.place,
                                     .filters = read_filters(member.value, reading.member(member.name), *draft.names)});
  }
  return true;
}

/// A map whose only option is `filters`.
struct FilterGroup {
  Node filters;
};

const Schema<FilterGroup>& filter_group_schema() {
  static const auto schema = Schema<FilterGroup>("filter group", "A group of filters.")
                                 .custom("filters", "list of filter",
                                         [](const Node& node, const Reading&, FilterGroup& group) {
                                           group.filters = node;
                                           return true;
                                         },
                                         {.doc = "The filters, in order.", .example = "[{ use: public }]"});
  return schema;
}

std::vector<PluginUse> read_filter_group(const Node& node, const Reading& reading, const PluginNames& names) {
  FilterGroup group;
  filter_group_schema().read_into(node, reading, group);
  return read_filters(group.filters, reading.member("filters"), names);
}

bool read_defaults(const Node& node, const Reading& reading, Draft& draft) {
  draft.document.default_filters = read_filter_group(node, reading, *draft.names);
  return true;
}

bool read_hosts(const Node& node, const Reading& reading, Draft& draft) {
  if (!option::want_map(node, reading, "hosts and their filters")) return false;
  bool good = true;
  for (const Node::Member& member : node.members()) {
    const Reading at = reading.member(member.name);
    auto host = HostPattern::parse(member.name);
    if (!host || host->kind == HostPattern::Kind::any) {
      good = host ? at.error(member.place, "\"*\" is every host", "write defaults: { filters: [...] }")
                  : at.error(member.place, fmt::format("\"{}\": {}", member.name, text_of(host.error())));
      continue;
    }
    draft.document.hosts.push_back({.host = std::move(*host),
                                    .place = member.place,
                                    .filters = read_filter_group(member.value, at, *draft.names)});
  }
  return good;
}

/// A reader of the document's own fields as a reader of the draft.
template <typename Read>
auto of_document(Read read) {
  return [read](const Node& node, const Reading& at, Draft& draft) { return read(node, at, draft.document); };
}
template <typename T>
auto section(T Document::* member, const Schema<T>& schema) {
  return [member, &schema](const Node& node, const Reading& at, Draft& draft) {
    return schema.read_into(node, at, draft.document.*member);
  };
}

bool read_trusted(const Node& node, const Reading& at, Document& document) {
  return OptionType<std::vector<Cidr>>::read(node, at, document.trusted_proxies);
}

const Schema<Draft>& top_schema() {
  static const auto schema =
      Schema<Draft>("configuration", "Everything that Weir is told.")
          .custom("workers", "number or auto", of_document(read_workers),
                  {.doc = "Threads that serve; auto is one per core. Read at start.",
                   .example = "2",
                   .default_value = "auto"})
          .custom("admin", "list of address", of_document(read_admins),
                  {.doc = "Where operators ask and command; loopback TCP only answers.",
                   .example = "unix:/run/weir/admin.sock",
                   .default_value = "unix:/run/weir/admin.sock"})
          .custom(
              "listeners", "list of listener",
              [](const Node& node, const Reading& at, Draft& draft) { return read_listeners(node, at, draft); },
              {.doc = "Where clients connect.", .example = "[\":8080\"]"}, &listener_schema())
          .custom("trusted_proxies", "list of block of addresses", of_document(read_trusted),
                  {.doc = "Whose X-Forwarded-For and Forwarded are believed.", .example = "[10.0.0.0/8]"})
          .custom("forwarded", "map", section(&Document::forwarded, forwarded_schema()),
                  {.doc = "What upstreams are told about the client."}, &forwarded_schema())
          .custom("limits", "map", section(&Document::limits, limits_schema()), {.doc = "What a message may weigh."},
                  &limits_schema())
          .custom("timeouts", "map", section(&Document::timeouts, timeouts_schema()),
                  {.doc = "How long things may take."}, &timeouts_schema())
          .custom("access_log", "map", section(&Document::access_log, access_log_schema()),
                  {.doc = "A line per request."}, &access_log_schema())
          .custom("error_log", "map", section(&Document::error_log, error_log_schema()), {.doc = "What Weir says."},
                  &error_log_schema())
          .custom("stories", "map, size or off", section(&Document::stories, stories_schema()),
                  {.doc = "What is remembered of requests, and what responses tell of it.", .example = "off"},
                  &stories_schema())
          .custom("state", "map, path or off", section(&Document::state, state_schema()),
                  {.doc = "Where the configurations that ran are kept. Read at start.", .example = "/var/lib/weir"},
                  &state_schema())
          .custom("fleet", "map", section(&Document::fleet, fleet_schema()),
                  {.doc = "The machines that hold limits of scope fleet together. Read at start."}, &fleet_schema())
          .custom("runtime", "map", section(&Document::runtime, runtime_schema()), {.doc = "How cores are used."},
                  &runtime_schema())
          .custom("resolver", "map, dns or system", section(&Document::resolver, resolver_schema()),
                  {.doc = "Who is asked for the addresses of upstreams' names. Read at start.", .example = "system"},
                  &resolver_schema())
          .custom("upstreams", "map of upstream", read_upstreams, {.doc = "Groups of servers, by name."},
                  &upstream_schema())
          .custom("chains", "map of list of filter", read_chains, {.doc = "Lists of filters, by name."})
          .custom("defaults", "map", read_defaults, {.doc = "Filters of all routes."}, &filter_group_schema())
          .custom("hosts", "map of filter group", read_hosts, {.doc = "Filters of all routes of a host."},
                  &filter_group_schema())
          // These two are taken out before the sections are merged; here they are for "did you mean" and documentation.
          .custom(
              "routes", "list of route", [](const Node&, const Reading&, Draft&) { return true; },
              {.doc = "What is done with which request."}, &route_schema())
          .custom("include", "list of file patterns", [](const Node&, const Reading&, Draft&) { return true; },
                  {.doc = "More files, relative to this one.", .example = "conf.d/*.yaml"});
  return schema;
}

void add_secrets(const Node& node, const HashKey& key, std::map<std::string, std::string>& secrets) {
  if (node.is_secret()) {
    const std::string shown = node.shown();  // as written, in quotes
    const bool quoted = shown.size() >= 2 && shown.starts_with('"');
    secrets.try_emplace(quoted ? shown.substr(1, shown.size() - 2) : shown, hash_of(key.bytes + node.text()).text());
  }
  for (const Node& item : node.items()) add_secrets(item, key, secrets);
  for (const Node::Member& member : node.members()) add_secrets(member.value, key, secrets);
}

/// Only files with expansions are walked: the others are kept over reloads, and their entry says so.
std::vector<std::pair<std::string, std::string>> secrets_of(const std::vector<LoadedFile>& files, const HashKey& key) {
  std::map<std::string, std::string> secrets;
  for (const LoadedFile& file : files) {
    if (file.entry == nullptr) add_secrets(file.root, key, secrets);
  }
  return {secrets.begin(), secrets.end()};
}

/// The routes of one file: those kept from an earlier load, or read now and kept when nothing was wrong with them.
void add_routes(const LoadedFile& file, const PluginNames& names, Document& document, Diagnostics& diagnostics) {
  std::shared_ptr<const RouteFile> read = file.entry ? file.entry->routes : nullptr;
  const Node* node = file.root.find("routes");
  if (node == nullptr) return;
  if (!read) {
    Diagnostics complaints;
    read = read_routes(*node, names, complaints);
    diagnostics.append(complaints);
    if (file.entry && complaints.empty()) file.entry->routes = read;
  }
  document.routes.insert(document.routes.end(), read->routes.begin(), read->routes.end());
  document.route_files.push_back(std::move(read));
}

bool is_given(const Node& root, std::string_view section) {
  const Node* node = root.find(section);
  return node != nullptr && !node->is_null() && !(node->is_list() && node->items().empty());
}

void check_presence(const Node& sections, const std::vector<LoadedFile>& files, const Document& document,
                    Diagnostics& diagnostics) {
  const Place whole{.file_name = intern_file_name(document.source), .line = 0, .column = 0};
  if (!is_given(sections, "listeners")) {
    diagnostics.error(whole, "listeners", "there is no listener", "write listeners: [\":8080\"]");
  }
  const bool any_route =
      std::ranges::any_of(files, [](const LoadedFile& file) { return is_given(file.root, "routes"); });
  // Without listeners, too, requests would go nowhere; where all are raw none is missed.
  const bool asked = document.listeners.empty() ||
                     std::ranges::any_of(document.listeners, [](const auto& each) { return each.raw == nullptr; });
  if (!any_route && asked) diagnostics.warning(whole, "routes", "there is no route: every request gets 404");
}

void add_targets(const Node& node, std::vector<std::pair<std::string, Place>>& names) {
  if (node.is_scalar()) {
    const bool is_address = node.text().contains("://") || node.text().starts_with("unix:");
    if (!is_address) names.emplace_back(node.text(), node.place());
  }
  for (const Node& item : node.items()) add_targets(item, names);
  if (const Node* to = node.find("to")) add_targets(*to, names);
}

/// Takes out complaints about values that the first `causes` of them already explain: what could not be expanded
/// (a variable that is not set) is not a number either, but nobody needs to hear it.
void drop_consequences(Diagnostics& diagnostics, std::size_t causes) {
  const std::vector<Diagnostic>& all = diagnostics.all();
  if (causes == 0 || causes == all.size()) return;
  std::set<std::tuple<const std::string*, std::uint32_t, std::uint32_t>> explained;
  Diagnostics kept;
  for (std::size_t at = 0; at < all.size(); ++at) {
    const Place& place = all[at].place;
    const std::tuple key(place.file_name, place.line, place.column);
    if (at < causes)
      explained.insert(key);
    else if (explained.contains(key))
      continue;
    kept.add(all[at]);
  }
  diagnostics = std::move(kept);
}

}  // namespace

const SchemaBase& configuration_schema() {
  return top_schema();
}

std::vector<std::pair<std::string, Place>> upstream_names(const PluginUse& use) {
  std::vector<std::pair<std::string, Place>> names;
  for (const std::string_view asks_upstreams : {"proxy", "fastcgi", "forward_auth"}) {
    if (use.name == asks_upstreams) add_targets(use.options, names);
  }
  // What answers instead stands under its own name.
  if (use.name != "fallback") return names;
  for (const Node::Member& member : use.options.members()) {
    if (member.name == "proxy" || member.name == "fastcgi") add_targets(member.value, names);
  }
  return names;
}

Document load_document(const std::string& file, Source& source, const PluginNames& names, FileCache& cache,
                       const HashKey& key, Diagnostics& diagnostics) {
  const LoadedFiles loaded = load_files(file, source, cache, key, diagnostics);
  const std::size_t load_diagnostics = diagnostics.all().size();
  Draft draft{.document = {}, .names = &names};
  Document& document = draft.document;
  document.source = file;
  document.hash = loaded.hash;
  document.files = texts_of(loaded);
  document.secrets = secrets_of(loaded.files, key);
  document.admin.push_back({.address = {.host = {}, .port = 0, .unix_path = default_admin_path()}, .place = {}});
  if (loaded.files.empty()) return std::move(document);  // why is among the diagnostics
  const Node sections = merge_sections(loaded.files, diagnostics);
  document.shared = hash_of(sections, key);
  top_schema().read_into(sections, Reading(diagnostics), draft);
  for (const LoadedFile& each : loaded.files) add_routes(each, names, document, diagnostics);
  check_presence(sections, loaded.files, document, diagnostics);
  resolve_chains(document, diagnostics);
  check_document(document, diagnostics);
  drop_consequences(diagnostics, load_diagnostics);
  diagnostics.sort();
  return std::move(document);
}

}  // namespace weir::config
