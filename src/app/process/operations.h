// What operators may ask of a running gateway, whatever they ask through: the admin listener today, signals too.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "app/acme/certificate_status.h"
#include "app/config/source.h"
#include "app/history/entry.h"
#include "app/process/endpoint_orders.h"
#include "base/units.h"
#include "net/proxy_protocol.h"
#include "server/gateway.h"

namespace weir {

class SharedStates;  // contracts/shared_states.h

struct ReloadRequest {
  std::string by;      ///< "SIGHUP", "uid 0"
  bool force = false;  ///< also when the file still says what was rolled back
};

struct RollbackRequest {
  std::string hash;  ///< or its beginning; empty: what ran before
  std::string by;
};

struct ReloadOutcome {
  bool applied = false;
  std::string how;           ///< "reload" or "rollback"
  std::string hash;          ///< of the configuration that runs now
  std::string diagnostics;   ///< for people: warnings when applied, errors and what stayed when not
  std::string json;          ///< the same for programs: contracts/diagnostics.h
  Duration validated_in{};   ///< reading and checking, off the cores
  Duration live_in{};        ///< from there until every core runs it: compiling included
  Duration longest_pause{};  ///< the longest any core did nothing else for it
};

struct HistoryAnswer {
  bool kept = false;    ///< false: there is no state folder
  std::string running;  ///< hash
  std::vector<history::Told> entries;
};

/// The text of a configuration that ran, or why it cannot be had.
struct PastConfiguration {
  std::string problem;
  history::Entry entry;
  std::vector<config::SourceFile> files;
  history::Beside beside;
};

struct ListenerStatus {
  std::string name;
  std::string address;  ///< really bound
};

/// PROXY headers of clients' connections since the start.
struct ProxyHeaderTotals {
  std::uint64_t v1 = 0;
  std::uint64_t v2 = 0;
  std::array<std::uint64_t, proxy_protocol::refusal_count> refused{};
};

struct ProcessStatus {
  std::string state;  ///< "running" or "draining"
  std::string hash;
  std::string source;
  std::string origin = "file";  ///< "file"; or "rollback", "last good": not what the file says
  std::string remark;           ///< what an operator should know about that; empty when all is as the file says
  WallTime loaded_at{};
  WallTime started_at{};
  unsigned workers = 0;
  std::uint64_t connections = 0;
  std::vector<ListenerStatus> listeners;
  ProxyHeaderTotals proxy_headers;
  std::vector<acme::CertificateStatus> certificates;  ///< that authorities issue
  std::uint64_t reloads = 0;
  std::uint64_t reloads_failed = 0;
  bool last_reload_applied = true;
  WallTime last_reload_at{};
  std::string last_reload_error;     ///< first line; empty when it was applied
  std::uint64_t state_written = 0;   ///< entries of what must survive a restart
  std::uint64_t state_failures = 0;  ///< times that they could not be read or written
};

/// From any thread, without waiting.
class Operations {
 public:
  virtual ~Operations() = default;

  /// Traffic is welcome: everything is bound and no drain has begun.
  [[nodiscard]] virtual bool ready() const = 0;
  [[nodiscard]] virtual ProcessStatus status() const = 0;
  /// The configuration that new requests start with.
  [[nodiscard]] virtual std::shared_ptr<const Gateway> gateway() const = 0;
  /// Names of the listeners by their ids.
  [[nodiscard]] virtual std::vector<std::string> listener_names() const = 0;
  /// What plug-ins share between cores and keep over reloads; null where there is no process.
  [[nodiscard]] virtual SharedStates* shared_states() const { return nullptr; }
  /// For metrics: cells of other cores may be read, nothing else of them.
  [[nodiscard]] virtual std::span<Shard* const> shards() const = 0;

  /// \param done  called on the control thread when the configuration is live on every core, or was refused
  virtual void reload(ReloadRequest request, std::move_only_function<void(ReloadOutcome)> done) = 0;
  /// Puts a configuration back that ran before. `done` as with reload().
  virtual void rollback(RollbackRequest request, std::move_only_function<void(ReloadOutcome)> done) = 0;
  virtual void history(std::move_only_function<void(HistoryAnswer)> done) = 0;
  /// \param hash  or its beginning; empty: what runs
  virtual void past_configuration(std::string hash, std::move_only_function<void(PastConfiguration)> done) = 0;
  /// What an operator says of an endpoint. \param done  called on the control thread when it holds on every core
  virtual void order_endpoint(EndpointOrder order, std::move_only_function<void(EndpointOutcome)> done) = 0;
  /// Drains and ends the process, as TERM does.
  virtual void stop() = 0;
};

}  // namespace weir
