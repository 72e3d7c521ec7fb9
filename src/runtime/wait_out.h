// A pause as a task: `Sleep` hears its awaiter's cancellation; a task can be given another one by `under`.
#pragma once

#include "runtime/reactor.h"
#include "runtime/task.h"

namespace weir {

/// `co_await wait_out(reactor, 50ms).under(region.inner())`: an error only when canceled.
inline Task<Result<void>> wait_out(Reactor& reactor, Duration duration) {
  co_return co_await Sleep(reactor, duration);
}

}  // namespace weir
