// A core whose disk hangs when a test wants it: jobs are kept, and run when the test says so.
#pragma once

#include <utility>
#include <vector>

#include "contracts/testing/test_shard.h"

namespace weir::acme {

class SlowDisk final : public Executor {
 public:
  void run(Job job) override { job(); }
  void run_on_disk(Job job) override {
    ++jobs;
    hangs ? held.push_back(std::move(job)) : job();
  }

  bool hangs = false;
  unsigned jobs = 0;  ///< ever
  std::vector<Job> held;
};

struct SlowDiskWorld {
  SlowDiskWorld() { world.add(shard.reactor); }
  ~SlowDiskWorld() {
    shard.for_each_state([](ShardState& state) { state.stop(); });
    shard.scope.cancel(gateway_error(Code::draining));
    world.run_until([&] { return shard.scope.running() == 0; });
  }

  SimNetwork network{1};
  SimIo io{network};
  SlowDisk disk;
  LiteralResolver resolver;
  Shard shard{0, io, 1, disk, resolver};
  SimWorld world{network};
};

}  // namespace weir::acme
