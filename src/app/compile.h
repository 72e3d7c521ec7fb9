// From a document to what runs: plug-ins are built, clusters made, routes indexed.
//
// Problem: a reload that changes one of 100,000 routes must not build the other 99,999 again.
// Idea: what was built is kept by the document object it was built from; a file that did not change gives the same
// objects, as long as nothing that routes share (chains, defaults, upstreams) has changed either. Routes that depend on
// a file beside the configuration are built anew, so that a reload says what is wrong with the file.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/config/document.h"
#include "contracts/diagnostics.h"
#include "contracts/shared_states.h"
#include "contracts/watched_file.h"
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
  /// \param tell  hears of files beside the configuration that changed; from any thread
  explicit Compiler(WatchedFileBase::Tell tell) : files_(std::move(tell)) {}
  Compiler() = default;

  /// \returns null when there were errors, which then are in `diagnostics`
  std::shared_ptr<const Gateway> compile(const config::Document& document, ListenerNumbers& listeners, WallTime now,
                                         Diagnostics& diagnostics);
  /// What the configurations compiled here share and keep, to be shown to operators.
  [[nodiscard]] SharedStates& shared_states() const { return *states_; }
  /// The files beside the configuration that compile() read last, by path: users, keys, redirects, pages.
  [[nodiscard]] const std::map<std::string, crypto::Digest>& files_read() const { return files_.read(); }

 private:
  class Context;

  /// Routes in the order of their documents, to be found again in nearly that order: an edit replaces the routes of one
  /// file, so whoever looks for the next unchanged one finds it a little further on. A hash table would cost more than
  /// the rest of a reload.
  struct BuiltRoutes {
    std::vector<std::shared_ptr<const config::RouteDocument>> documents;
    std::vector<std::shared_ptr<const Route>> routes;  // null: not to be used again
    std::size_t next = 0;                              // where the next one is expected

    /// Routes of a file that an edit may replace before the search gives up.
    static constexpr std::size_t reach = 4096;

    [[nodiscard]] std::shared_ptr<const Route> find(const std::shared_ptr<const config::RouteDocument>& document);
  };
  using Clusters = std::map<std::string, std::shared_ptr<const Cluster>, std::less<>>;

  std::shared_ptr<const Route> route_of(const std::shared_ptr<const config::RouteDocument>& written, std::size_t number,
                                        const config::RouteFilters& filters, Context& context, BuiltRoutes& kept);
  static std::shared_ptr<const Route> build(const config::RouteDocument& written, std::size_t number,
                                            const config::RouteFilters& filters, Context& context);
  static std::string name_of(const config::RouteDocument& written, std::size_t number);
  void keep(BuiltRoutes routes, Clusters clusters, config::ContentHash shared);

  void add_certificates(const config::Document& document, ListenerNumbers& listeners, WallTime now, Gateway& gateway,
                        Diagnostics& diagnostics);

  void add_raw_listeners(const config::Document& document, ListenerNumbers& listeners,
                         const config::RouteFilters& filters, Context& context, Gateway& gateway);

  WatchedFiles files_;
  // Of all listeners and reloads.
  std::shared_ptr<tls::TicketKeys> tickets_ = std::make_shared<tls::TicketKeys>();
  std::shared_ptr<tls::HelloRecord> hellos_ = std::make_shared<tls::HelloRecord>();
  std::unique_ptr<SharedStates> states_ = std::make_unique<SharedStates>();
  unsigned cores_ = 0;                  // of the process: chosen once, by its first configuration
  std::optional<FleetSettings> fleet_;  // likewise
  // Of the last configuration that compiled.
  BuiltRoutes routes_;
  Clusters clusters_;
  config::ContentHash shared_;  // of what all its routes share
  bool compiled_before_ = false;
};

/// The names in the catalogue, for reading documents.
config::PluginNames plugin_names();

}  // namespace weir
