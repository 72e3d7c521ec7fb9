// How a plug-in is known: one entry in app/catalog.cc.
//
// A kind has the schema of its options (whose name is the key in the configuration, whose doc is its one line of
// documentation) and a function that builds the immutable object. Building never stops at the first mistake: it adds to
// the diagnostics and returns null.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "contracts/balancer.h"
#include "contracts/diagnostics.h"
#include "contracts/filter.h"
#include "contracts/node.h"
#include "contracts/schema.h"
#include "contracts/service.h"

namespace weir {

class Cluster;         // upstream/cluster.h
struct FleetSettings;  // contracts/fleet.h
class PathRegex;       // route/match.h
class SharedStates;    // contracts/shared_states.h
class WatchedFiles;    // contracts/watched_file.h

/// What a plug-in may ask while it is built.
class BuildContext {
 public:
  BuildContext(Diagnostics& diagnostics_in, std::string path_in)
      : diagnostics(diagnostics_in), path(std::move(path_in)) {}
  virtual ~BuildContext() = default;

  /// The cluster that `proxy: TEXT` names: by name, or by URL (made on the spot). An unknown one is reported and null.
  virtual std::shared_ptr<const Cluster> cluster(const Node& reference) = 0;
  /// The same for an upstream that speaks FastCGI; its URL is `unix:/run/php.sock` or `fastcgi://host:port`.
  virtual std::shared_ptr<const Cluster> fastcgi_cluster(const Node& reference) { return cluster(reference); }

  /// A service under its own name, as a route has one: for plug-ins that let another answer. Null after errors.
  virtual std::unique_ptr<const Service> service(const Node::Member& written) {
    diagnostics.error(written.place, path + "." + written.name, "unknown option or service");
    return nullptr;
  }

  /// Those that are watched already, to be asked through watch_file(); null: nobody else shares them.
  WatchedFiles* files = nullptr;
  /// What the process keeps over reloads; null: whoever is built keeps its own.
  SharedStates* shared_states = nullptr;
  /// The machines that hold limits together; null: this one is alone.
  const FleetSettings* fleet = nullptr;
  /// Cores that serve: shards have the numbers below it.
  unsigned cores = 1;
  Diagnostics& diagnostics;
  std::string path;  ///< of the options in the configuration: routes[0].filters[1].body_limit
  /// Of the route that is built, one for each of its matches in their order; null for a match without path_regex.
  std::vector<std::shared_ptr<const PathRegex>> path_regexes;
};

/// For the member `schema` of a kind.
template <HasSchema T>
const SchemaBase& schema_of() {
  return T::schema();
}

struct FilterKind {
  std::string_view name;
  const SchemaBase& (*schema)();
  std::unique_ptr<const Filter> (*build)(const Node& options, BuildContext& context);
  bool needs_http = true;  ///< who asks only who comes, and when, stands in front of raw streams as well
};

struct ServiceKind {
  std::string_view name;
  const SchemaBase& (*schema)();
  std::unique_ptr<const Service> (*build)(const Node& options, BuildContext& context);
  /// Is asked by CONNECT, of which nobody else hears, and answers with 2xx and a tunnel (RFC 9110 section 9.3.6).
  bool opens_tunnels = false;
};

struct BalancerKind {
  std::string_view name;
  const SchemaBase& (*schema)();
  std::unique_ptr<const Balancer> (*build)(const Node& options, BuildContext& context);
};

}  // namespace weir
