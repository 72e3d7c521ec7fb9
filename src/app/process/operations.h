// What operators may ask of a running gateway, whatever they ask through: the admin listener today, signals too.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/units.h"
#include "server/gateway.h"

namespace weir {

struct ReloadOutcome {
  bool applied = false;
  std::string hash;          ///< of the configuration that runs now
  std::string diagnostics;   ///< for people: warnings when applied, errors and what stayed when not
  std::string json;          ///< the same for programs: contracts/diagnostics.h
  Duration validated_in{};   ///< reading and checking, off the cores
  Duration live_in{};        ///< from there until every core runs it: compiling included
  Duration longest_pause{};  ///< the longest any core did nothing else for it
};

struct ListenerStatus {
  std::string name;
  std::string address;  ///< really bound
};

struct ProcessStatus {
  std::string state;  ///< "running" or "draining"
  std::string hash;
  std::string source;
  WallTime loaded_at{};
  WallTime started_at{};
  unsigned workers = 0;
  std::uint64_t connections = 0;
  std::vector<ListenerStatus> listeners;
  std::uint64_t reloads = 0;
  std::uint64_t reloads_failed = 0;
  bool last_reload_applied = true;
  WallTime last_reload_at{};
  std::string last_reload_error;  ///< first line; empty when it was applied
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
  /// For metrics: cells of other cores may be read, nothing else of them.
  [[nodiscard]] virtual std::span<Shard* const> shards() const = 0;

  /// \param done  called on the control thread when the configuration is live on every core, or was refused
  virtual void reload(std::move_only_function<void(ReloadOutcome)> done) = 0;
  /// Drains and ends the process, as TERM does.
  virtual void stop() = 0;
};

}  // namespace weir
