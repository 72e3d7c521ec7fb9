// Names to addresses, by the system's resolver on the blocking executor.
#pragma once

#include <vector>

#include "net/address.h"
#include "runtime/executor.h"
#include "runtime/reactor.h"
#include "runtime/task.h"

namespace weir {

class Resolver {
 public:
  virtual ~Resolver() = default;
  /// All addresses of `endpoint`, in the resolver's order; literals and unix paths answer at once.
  /// \errors  resolve_failed (origin upstream, retry unsent)
  virtual Task<Result<std::vector<UpstreamAddress>>> resolve(Reactor& reactor, const Endpoint& endpoint) = 0;
};

class SystemResolver final : public Resolver {
 public:
  explicit SystemResolver(Executor& executor) : executor_(executor) {}
  Task<Result<std::vector<UpstreamAddress>>> resolve(Reactor& reactor, const Endpoint& endpoint) override;

 private:
  Executor& executor_;
};

}  // namespace weir
