// Reading and forgetting.
#include "server/linger.h"

#include <algorithm>
#include <utility>

namespace weir {

Task<void> linger(ServerContext& context, Stream& stream) {
  Duration patience;
  {
    const SnapshotPin pin = context.pin();
    patience = pin->timeouts.linger;
  }
  static_cast<void>(co_await stream.send_goodbye(patience));
  stream.shut_down_sending();
  context.set_idle(true);
  const Reactor& reactor = context.shard().reactor;
  const Time deadline = deadline_after(reactor.now(), patience);
  ByteCount forgotten = 0;
  bool asked = false;
  while (forgotten < limits::linger_bytes) {
    const auto received = co_await stream.receive(std::max(deadline - reactor.now(), Duration::zero()));
    // A drain asks for what is being done already; whoever says it again means now.
    if (!received && received.error().code == Code::draining && !std::exchange(asked, true)) continue;
    if (!received || received->empty()) co_return;
    forgotten += received->size();
  }
}

}  // namespace weir
