// A shard to test on: virtual time, no network but the simulated one, no threads.
//
//   TestShard shard;
//   const Result<Answer> answer = shard.run_to_end(filter.handle(exchange, std::move(next)));
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "contracts/shard.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"

namespace weir {

/// Runs every job on the spot.
class InlineExecutor final : public Executor {
 public:
  void run(Job job) override { job(); }
};

/// Knows literal addresses and unix paths; no name resolves.
class LiteralResolver final : public Resolver {
 public:
  Task<Result<ResolvedAddresses>> resolve(Reactor&, const Endpoint& endpoint) override {
    auto literal = literal_addresses(endpoint);
    if (!literal) co_return fail(upstream_error(Code::resolve_failed));
    co_return std::move(*literal);
  }
};

class TestShard {
 public:
  explicit TestShard(std::uint64_t seed = 1)
      : network_(seed), io_(network_), shard_(0, io_, seed, executor_, resolver_), world_(network_) {
    world_.add(shard_.reactor);
  }
  TestShard(const TestShard&) = delete;
  TestShard& operator=(const TestShard&) = delete;
  /// As a core ends: what waits in its states (pools, stores) is told, and the work of its scope is joined.
  ~TestShard() {
    shard_.for_each_state([](ShardState& state) { state.stop(); });
    shard_.scope.cancel(gateway_error(Code::draining));
    world_.run_until([&] { return shard_.scope.running() == 0; });
  }

  /// Runs `task`, and the world around it, until it has a result. A task that waits for ever is a failed invariant.
  template <typename T>
  T run_to_end(Task<T> task) {
    std::optional<T> result;
    Scope scope(shard_.reactor);
    scope.spawn(keep_result(std::move(task), result));
    const bool ended = world_.run_until([&] { return scope.running() == 0; });
    invariant(ended, "a task under test comes to its end");
    return std::move(*result);
  }

  [[nodiscard]] Shard& shard() { return shard_; }
  [[nodiscard]] SimWorld& world() { return world_; }
  [[nodiscard]] SimNetwork& network() { return network_; }

 private:
  template <typename T>
  static Task<void> keep_result(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }

  SimNetwork network_;
  SimIo io_;
  InlineExecutor executor_;
  LiteralResolver resolver_;
  Shard shard_;
  SimWorld world_;
};

}  // namespace weir
