// Everything that belongs to one core.
//
// Idea: a shard owns its reactor, its memory, its counters and the mutable state of each configured plug-in, and shares
// none of it. What a plug-in remembers (a pool, a bucket) sits here under a stable key, so that a reload finds it again
// while filters, services and balancers themselves stay immutable.
//
// Invariants
//   (1) Only the shard's thread touches a shard, but for metrics (single-writer cells) and the reactor's mailbox.
//   (2) A state under a key is made once and lives until the shard ends or nobody has used it since `retire` said so.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/block_pool.h"
#include "base/limits.h"
#include "contracts/metrics.h"
#include "contracts/notices.h"
#include "contracts/state_key.h"
#include "net/resolver.h"
#include "net/tls/engine.h"
#include "runtime/executor.h"
#include "runtime/reactor.h"
#include "runtime/scope.h"

namespace weir {

/// The mutable side of a plug-in on one core.
class ShardState {
 public:
  virtual ~ShardState() = default;
  /// The shard is ending: cancel what waits. Children of the shard's scope are joined afterwards.
  virtual void stop() {}
};

class Shard {
 public:
  Shard(unsigned number, Io& io, std::uint64_t seed, Executor& executor_in, Resolver& resolver_in)
      : id(number), reactor(io, seed), executor(executor_in), resolver(resolver_in), scope(reactor) {}

  const unsigned id;
  Reactor reactor;
  BlockPool blocks;
  Executor& executor;
  Resolver& resolver;
  ShardMetrics metrics;
  /// Memory that the TLS connections of this core use in turn.
  tls::Workbench tls_bench;
  /// Background work of the shard: probers, reapers, resolvers.
  Scope scope;
  /// Where operators read; null where there are none: in tests.
  Notices* notices = nullptr;

  /// Memory in which one message head is composed and sent at once; never held over a suspension.
  [[nodiscard]] std::span<char> compose_buffer() { return {compose_.get(), limits::compose_bytes}; }

  /// The state under `key`, made by `make` when it is not there yet.
  template <typename State, typename Make>
  State& state(const StateKey& key, Make make) {
    if (key.number() < states_by_number_.size() && states_by_number_[key.number()] != nullptr) [[likely]]
      return static_cast<State&>(*states_by_number_[key.number()]);
    return static_cast<State&>(keep_state(key, make()));
  }
  /// In the order in which they were made.
  template <typename Visit>
  void for_each_state(Visit visit) {
    for (const auto& state : states_) visit(*state);
  }

  /// `date` field value of this second; cached, since formatting costs more than a request should.
  [[nodiscard]] std::string_view date();

 private:
  ShardState& keep_state(const StateKey& key, std::unique_ptr<ShardState> state);

  std::unique_ptr<char[]> compose_ = std::make_unique_for_overwrite<char[]>(limits::compose_bytes);
  std::vector<std::unique_ptr<ShardState>> states_;
  std::vector<ShardState*> states_by_number_;  // of their keys; null where this core has none
  std::string date_;
  Time date_until_{};
};

}  // namespace weir
