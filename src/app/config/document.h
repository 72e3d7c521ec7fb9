// A configuration as plain structs: everything that can be known without building a single plug-in.
//
// Problem: compiling a configuration needs typed values with their places; checking one must report every mistake, and
// neither may depend on which filters exist.
// Idea: the tree is read into structs in one pass. What belongs to a plug-in (its options, its balancer) stays a Node
// beside its name, to be read by the plug-in's own schema later. Names are checked against tables passed in.
//
// Invariants
//   (1) A Document made with errors is still complete enough to be checked further, so that all errors come at once;
//       only one without errors may run.
//   (2) A RouteDocument of a file that did not change is the same object as before the reload: compare pointers.
//   (3) Reading is linear in the size of the configuration.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "app/config/hash.h"
#include "app/config/resolver.h"
#include "app/config/sections.h"
#include "app/config/source.h"
#include "base/limits.h"
#include "contracts/client_tls.h"
#include "contracts/diagnostics.h"
#include "contracts/fleet.h"
#include "contracts/node.h"
#include "contracts/option_share.h"
#include "contracts/session.h"
#include "contracts/snapshot.h"
#include "net/address.h"
#include "overload/options.h"
#include "route/match.h"
#include "upstream/health_rules.h"
#include "upstream/hedge.h"
#include "upstream/retry.h"
#include "upstream/sticky.h"

namespace weir::config {

class FileCache;

/// The plug-ins there are, from the catalogue, so that a wrong name gets "did you mean".
struct PluginNames {
  std::vector<std::string_view> filters;
  std::vector<std::string_view> services;
  std::vector<std::string_view> balancers;
};

/// A filter, service or balancer where it is used: its name and its options as written.
struct PluginUse {
  std::string name;
  Node options;      ///< for the plug-in's schema; null, but with its place, when only the name was written
  Place place;       ///< of the name
  std::string path;  ///< `routes[0].filters[1].body_limit`: begin the plug-in's Reading with it
};

struct EndpointDocument {
  Endpoint address;
  std::string service;  ///< as written behind `srv`; then the address is a service's
  std::string file;     ///< that names endpoints in place of this one
  std::uint32_t weight = 1;
  std::uint8_t priority = 0;
  std::string zone;
  Place place;
};

/// How endpoints are asked whether they are well: app/config/health.cc.
struct HealthDocument {
  enum class Begin : std::uint8_t { up, down };

  Duration every = CheckRules{}.every;
  Duration timeout = CheckRules{}.timeout;
  Duration retry_every = CheckRules{}.retry_every;
  std::uint32_t up_after = CheckRules{}.up_after;
  std::uint32_t down_after = CheckRules{}.down_after;
  Begin begin = Begin::up;
  std::uint16_t port = 0;
  PluginUse check;  ///< an empty name: they are not asked
};

/// Which part of the endpoints this gateway talks to.
struct SubsetDocument {
  std::uint32_t size = 0;
  std::optional<std::uint32_t> gateway;  ///< nothing: its place in the fleet
  Place place;
};

/// What `upstreams.NAME.protocol` may say.
enum class WrittenProtocol : std::uint8_t {
  http,
  by_offer,  ///< over TLS what ALPN chooses: `auto`
  h2,        ///< over TLS HTTP/2, and nothing else
  h2c,
  fastcgi,
  tcp,  ///< whatever the clients of a raw listener speak
  udp,  ///< the same in datagrams
};

/// Which PROXY header connections to an upstream begin with.
enum class SentIntroduction : std::uint8_t { none, v1, v2 };

/// What of a zone's requests goes to other zones although its own servers are healthy.
struct ZoneSpillDocument {
  Share traffic;                ///< of all requests, those of this zone; 0%: not known
  std::uint32_t in_flight = 0;  ///< per unit of weight; 0: no bound
};

struct UpstreamDocument {
  std::string name;
  Place place;
  std::vector<EndpointDocument> endpoints;
  WrittenProtocol written_protocol = WrittenProtocol::http;
  UpstreamProtocol protocol = UpstreamProtocol::http;
  SentIntroduction introduction = SentIntroduction::none;
  Place introduction_place;
  PluginUse balance{.name = "round_robin", .options = {}, .place = {}, .path = {}};
  UpstreamTimeouts timeouts;
  ConnectionLimits connections;
  Duration resolve_every = std::chrono::seconds{30};
  RetrySettings retries;
  HedgeSettings hedge;
  std::string deadline_field;
  std::string zone;
  ZoneSpillDocument zone_spill;
  Duration slow_start = Duration::zero();
  std::optional<CircuitBreakerOptions> circuit_breaker;
  std::optional<ConcurrencyOptions> concurrency;
  std::optional<StickyOptions> sticky;
  std::optional<SubsetDocument> subset;
  HealthDocument health;
  std::optional<ClientTlsOptions> tls;    ///< nothing: in the clear
  OutlierRules outliers{.watch = false};  ///< watched when something is said of them
  std::uint32_t panic_below_percent = HealthRules{}.panic_below_percent;

  /// It is asked by no requests: its protocol is tcp or udp, and what else stands here of HTTP has no meaning.
  [[nodiscard]] bool raw() const { return is_raw(protocol); }
  /// Takes the protocol and its defaults. A FastCGI connection that is kept holds a worker of php-fpm, which has few,
  /// and none may be left for whoever stands in its queue: so none is kept unless the configuration asks for it. A raw
  /// connection has one client, and servers that greet would greet nobody.
  void speak(UpstreamProtocol chosen) {
    protocol = chosen;
    if (chosen == UpstreamProtocol::fastcgi || raw()) connections.idle_max = 0;
  }
};

/// A named list of filters. `use:` within it is already replaced by what it stands for.
struct ChainDocument {
  std::string name;
  Place place;
  std::vector<PluginUse> filters;
};

/// The filters of all routes of a host; `host` may be a wildcard.
struct HostDocument {
  HostPattern host;
  Place place;
  std::vector<PluginUse> filters;  ///< `use:` replaced
};

/// What a route overrides of `timeouts:`.
struct RouteTimeouts {
  std::optional<Duration> request;
  std::optional<Duration> tunnel_idle;
  std::optional<Duration> tunnel_age;
};

/// One route as its file has it, independent of all other files. Filters are as written: `use` is among them as a
/// PluginUse of that name; RouteFilters gives what will run.
struct RouteDocument {
  std::string name;  ///< may be empty
  std::string path;  ///< `routes[3]`, counted within its file
  Place place;
  std::vector<std::pair<std::string, Place>> listeners;  ///< empty: every listener
  std::vector<MatchRule> matches;                        ///< empty: everything matches
  std::int32_t priority = 0;
  std::vector<PluginUse> filters;
  bool defaults = true;               ///< false: neither `defaults.filters` nor those under `hosts`
  std::vector<std::string> upgrades;  ///< lower case; `any` allows every protocol
  RouteTimeouts timeouts;
  PluginUse service;  ///< an empty name only when there was an error
};
using RouteList = std::vector<std::shared_ptr<const RouteDocument>>;

/// The routes of one file, and what they ask of the rest of the configuration, each name once: whether all is there is
/// then a question per file and not per route.
struct RouteFile {
  RouteList routes;
  std::vector<std::string> listeners;
  std::vector<std::string> upstreams;
  std::vector<std::string> chains;
  std::vector<std::uint64_t> name_hashes;  ///< of every route that has a name
};

struct Document {
  std::string source;             ///< the file asked for
  std::vector<SourceFile> files;  ///< all of them, the main one first
  /// Each ${...} as written, once, and a keyed hash of what it stands for.
  std::vector<std::pair<std::string, std::string>> secrets;
  /// Each file beside the configuration that it was compiled from (users, keys, redirects, pages), and a keyed hash of
  /// its content. Not part of `hash`: such files are taken over without a reload.
  std::vector<std::pair<std::string, std::string>> beside;
  ContentHash hash;
  ContentHash shared;         ///< of everything but the routes: what all routes depend on
  std::uint32_t workers = 0;  ///< 0: one per core
  std::vector<AdminDocument> admin;
  std::vector<ListenerDocument> listeners;
  std::vector<Cidr> trusted_proxies;
  ForwardedSettings forwarded;
  StorySettings stories;
  Limits limits;
  Timeouts timeouts;
  AccessLogDocument access_log;
  ErrorLogDocument error_log;
  RuntimeDocument runtime;
  ResolverDocument resolver;
  StateDocument state;
  FleetSettings fleet;
  std::vector<UpstreamDocument> upstreams;
  std::vector<ChainDocument> chains;
  std::vector<PluginUse> default_filters;  ///< `use:` replaced
  std::vector<HostDocument> hosts;
  std::vector<std::shared_ptr<const RouteFile>> route_files;  ///< in the order of inclusion
  RouteList routes;                                           ///< of all files, each from top to bottom
};

/// Reads, expands, includes, merges and checks.
///
/// \param file   the main file; includes are relative to the file that names them
/// \param cache  keeps what did not change; give the same one at each reload
/// \returns  see invariant (1): look at `diagnostics` before anything is run
Document load_document(const std::string& file, Source& source, const PluginNames& names, FileCache& cache,
                       const HashKey& key, Diagnostics& diagnostics);

/// Which filters run for a route. Keeps an index into the document, which must outlive it.
class RouteFilters {
 public:
  explicit RouteFilters(const Document& document);
  /// In order: `defaults.filters`, those of its host, its own, all with `use:` replaced. Pointers are into the document
  /// and the route.
  [[nodiscard]] std::vector<const PluginUse*> of(const RouteDocument& route) const;
  /// The group under `hosts` for a host pattern: the same text, or else the longest wildcard above it; or null.
  [[nodiscard]] const HostDocument* group_of(const HostPattern& host) const;

 private:
  const Document& document_;
  std::unordered_map<std::string_view, const ChainDocument*> chains_;
  std::unordered_map<std::string_view, const HostDocument*> exact_hosts_;
  std::unordered_map<std::string_view, const HostDocument*> wildcard_hosts_;  // by what follows "*."
};

/// Everything that can be written, but for plug-ins' own options: what reference, editors' schema and `weir fmt` read.
const SchemaBase& configuration_schema();

/// The upstreams that a `proxy:` or a `forward_auth:` names, with where; URLs and unix sockets are not names.
std::vector<std::pair<std::string, Place>> upstream_names(const PluginUse& use);

}  // namespace weir::config
