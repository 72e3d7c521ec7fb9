// One coroutine starts the tries, each of which is a child of the same scope.
#include "net/connect_race.h"

#include <algorithm>

#include "net/connect.h"
#include "runtime/scope.h"
#include "runtime/wait_out.h"

namespace weir {
namespace {

class ConnectRace {
 public:
  ConnectRace(Reactor& reactor, std::span<const SocketAddress> addresses, Duration timeout, Duration attempt_delay)
      : reactor_(reactor),
        addresses_(addresses),
        deadline_(deadline_after(reactor.now(), timeout)),
        attempt_delay_(attempt_delay),
        scope_(reactor) {}

  Task<Result<std::unique_ptr<Stream>>> run() {
    scope_.attach(co_await current_cancellation{});
    scope_.spawn(start_tries());
    co_await scope_.join();
    if (winner_ != nullptr) co_return std::move(winner_);
    co_return fail(last_error_);
  }

 private:
  Task<void> start_tries() {
    for (const SocketAddress& address : addresses_) {
      failures_seen_ = failures_;
      scope_.spawn(try_one(address));
      const bool last = &address == &addresses_.back();
      if (last || decided()) co_return;
      if (failures_ == failures_seen_) co_await wait_for_turn();
      if (decided()) co_return;
    }
  }

  /// Until the delay is over, or the try before has failed.
  Task<void> wait_for_turn() {
    CancellationRegion region(co_await current_cancellation{});
    waiting_ = &region.inner();
    co_await wait_out(reactor_, attempt_delay_).under(region.inner());
    waiting_ = nullptr;
  }

  Task<void> try_one(SocketAddress address) {
    const Duration left = time_left(reactor_.now(), deadline_);
    Result<std::unique_ptr<Stream>> stream = co_await connect(reactor_, {address}, left);
    if (!stream) {
      ++failures_;
      if (winner_ == nullptr && !canceled_by_us_) last_error_ = stream.error();
      if (waiting_ != nullptr) waiting_->request(stream.error());
      co_return;
    }
    if (winner_ != nullptr) co_return;  // two came in the same turn: this one is closed
    winner_ = std::move(*stream);
    canceled_by_us_ = true;
    scope_.cancel(gateway_error(Code::canceled, "another address answered first"));
  }

  /// Somebody has won, or nobody waits any more.
  [[nodiscard]] bool decided() { return winner_ != nullptr || scope_.cancellation().requested(); }

  Reactor& reactor_;
  std::span<const SocketAddress> addresses_;
  Time deadline_;
  Duration attempt_delay_;
  Scope scope_;
  std::unique_ptr<Stream> winner_;
  Error last_error_ = upstream_error(Code::connect_timeout).with(Retry::unsent);
  Cancellation* waiting_ = nullptr;  // of the one who starts tries, while it waits
  unsigned failures_ = 0;
  unsigned failures_seen_ = 0;
  bool canceled_by_us_ = false;
};

}  // namespace

std::vector<SocketAddress> interleaved(std::span<const SocketAddress> addresses) {
  std::vector<SocketAddress> ordered;
  ordered.reserve(addresses.size());
  if (addresses.empty()) return ordered;
  const auto first_family = addresses.front().family();
  std::vector<SocketAddress> others;
  std::vector<SocketAddress> same;
  for (const SocketAddress& each : addresses) (each.family() == first_family ? same : others).push_back(each);
  for (std::size_t at = 0; at < std::max(same.size(), others.size()); ++at) {
    if (at < same.size()) ordered.push_back(same[at]);
    if (at < others.size()) ordered.push_back(others[at]);
  }
  return ordered;
}

Task<Result<std::unique_ptr<Stream>>> connect_first(Reactor& reactor, std::span<const SocketAddress> addresses,
                                                    Duration timeout, Duration attempt_delay) {
  ConnectRace race(reactor, addresses, timeout, attempt_delay);
  co_return co_await race.run();
}

}  // namespace weir
