// How the keeper hears that there is something new to keep: rung by whoever applies a configuration, and by whichever
// core a name is first asked for on.
//
// Idea: the keeper is on one core and knows nobody; those who make certificates are on any and do not know where it is.
// Both know this, as one of the shared states. Without a keeper nobody hears it.
#pragma once

#include <functional>
#include <mutex>

#include "contracts/shared_states.h"

namespace weir::acme {

class KeeperBell final : public SharedState {
 public:
  static std::shared_ptr<KeeperBell> of(SharedStates& states) {
    return states.find_or_make<KeeperBell>("acme bell", &std::make_shared<KeeperBell>);
  }

  /// From any thread.
  void ring() {
    const std::lock_guard lock(mutex_);
    if (hear_) hear_();
  }
  /// \param hear  called from any thread; empty: nobody hears it any more
  void answer(std::function<void()> hear) {
    const std::lock_guard lock(mutex_);
    hear_ = std::move(hear);
  }

 private:
  std::mutex mutex_;
  std::function<void()> hear_;
};

}  // namespace weir::acme
