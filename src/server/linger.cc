// Reading and forgetting.
#include "server/linger.h"

#include <algorithm>
#include <utility>

namespace weir {

// The end of a handshake brings no bytes for us and so ends no receive: it is looked for again and again, on few
// connections and for a round trip. A drain asks for the end that this is on its way to.
Task<void> await_handshake(Stream& stream, Duration patience) {
  constexpr Duration between_looks = std::chrono::milliseconds{20};
  const Reactor& reactor = stream.reactor();
  const Time deadline = deadline_after(reactor.now(), patience);
  while (stream.tls() != nullptr && stream.tls()->early) {
    const Duration left = time_left(reactor.now(), deadline);
    if (left == Duration::zero()) co_return;
    const auto received =
        co_await stream.receive(left < Duration::zero() ? between_looks : std::min(left, between_looks));
    const bool goes_on = received ? !received->empty()
                                  : received.error().code == Code::timed_out || received.error().code == Code::draining;
    if (!goes_on) co_return;
  }
}

Task<void> linger(ServerContext& context, Stream& stream) {
  Duration patience;
  {
    const SnapshotPin pin = context.pin();
    patience = pin->timeouts.linger;
  }
  context.set_idle(true);
  co_await await_handshake(stream, patience);
  static_cast<void>(co_await stream.send_goodbye(patience));
  stream.shut_down_sending();
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
