// From a document to what runs: plug-ins are built, clusters made, routes indexed.
//
// Problem: a reload that changes one of 100,000 routes must not build the other 99,999 again.
// Idea: what was built is kept by the document object it was built from; a file that did not change gives the same objects,
// as long as nothing that routes share (chains, defaults, upstreams) has changed either.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "app/config/document.h"
#include "contracts/diagnostics.h"
#include "server/gateway.h"
#include "upstream/cluster.h"

namespace weir {

/// Numbers for listener names. A name keeps its number for the life of the process.
class ListenerNumbers {
 public:
  std::uint16_t number_of(const std::string& name) {
    return numbers_.try_emplace(name, static_cast<std::uint16_t>(numbers_.size())).first->second;
  }

 private:
  std::map<std::string, std::uint16_t> numbers_;
};

class Compiler {
 public:
  /// \returns null when there were errors, which then are in `diagnostics`
  std::shared_ptr<const Gateway> compile(const config::Document& document, ListenerNumbers& listeners, WallTime now,
                                         Diagnostics& diagnostics);

 private:
  class Context;

  using BuiltRoutes = std::unordered_map<std::shared_ptr<const config::RouteDocument>, std::shared_ptr<const Route>>;
  using Clusters = std::map<std::string, std::shared_ptr<const Cluster>, std::less<>>;

  std::shared_ptr<const Route> route_of(const std::shared_ptr<const config::RouteDocument>& written, std::size_t number,
                                        const config::RouteFilters& filters, Context& context, BuiltRoutes& kept);
  static std::shared_ptr<const Route> build(const config::RouteDocument& written, std::size_t number,
                                            const config::RouteFilters& filters, Context& context);
  static std::string name_of(const config::RouteDocument& written, std::size_t number);
  void keep(BuiltRoutes routes, Clusters clusters, config::ContentHash shared);

  // Of the last configuration that compiled.
  BuiltRoutes routes_;
  Clusters clusters_;
  config::ContentHash shared_;  // of what all its routes share
  bool compiled_before_ = false;
};

/// The names in the catalogue, for reading documents.
config::PluginNames plugin_names();

}  // namespace weir
