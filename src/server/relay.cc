// Two children, one per direction, and a watch over both.
#include "server/relay.h"

#include <algorithm>

#include "base/fault.h"
#include "base/limits.h"
#include "runtime/scope.h"

namespace weir {
namespace {

/// What both directions share.
class Relay final : private Timer {
 public:
  Relay(Reactor& reactor, Duplex& upstream, RelayLimits limits)
      : scope(reactor),
        reactor_(reactor),
        upstream_(upstream),
        limits_(limits),
        last_moved_(reactor.now()),
        age_end_(deadline_after(reactor.now(), limits.age)) {
    rearm();
  }
  ~Relay() { reactor_.timers().disarm(*this); }

  Task<void> move(Duplex& from, Duplex& to, ByteCount& moved) {
    while (true) {
      const Result<std::string_view> bytes = co_await from.receive(no_limit);
      if (!bytes) co_return give_up(bytes.error());
      last_moved_ = reactor_.now();
      heed_complaint();
      if (bytes->empty()) {
        to.finish_sending();
        half_closed_ = true;
        rearm();
        if (fault(Fault::tunnel_half_close_lost)) scope.cancel(gateway_error(Code::canceled));
        co_return;
      }
      const std::size_t count = bytes->size();
      if (const Result<void> sent = co_await to.send(*bytes, no_limit); !sent) co_return give_up(sent.error());
      moved += count;
      last_moved_ = reactor_.now();
      heed_complaint();
      if (++at_once_ % limits::pieces_per_turn == 0) co_await Yield(reactor_);
    }
  }

  Scope scope;
  RelayOutcome outcome;

 private:
  void give_up(Error error) {
    if (outcome.result && !scope.cancellation().requested()) outcome.result = fail(error);
    scope.cancel(error);
  }

  /// Whoever judges what passes ends it, and has twice as long for it as a half-closed tunnel: once for the server's
  /// last words, once for the client's. Who does not even listen is not waited for.
  void heed_complaint() {
    if (complaint_end_ != never || !upstream_.complaint()) return;
    complaint_end_ = deadline_after(reactor_.now(), 2 * limits_.half_closed);
    rearm();
  }

  /// Unless something moves. Once it ends in order neither its silence nor its age counts any more.
  [[nodiscard]] Time end() const {
    const Time half_closed = half_closed_ ? deadline_after(last_moved_, limits_.half_closed) : never;
    if (complaint_end_ != never) return std::min(complaint_end_, half_closed);
    return std::min({age_end_, deadline_after(last_moved_, limits_.idle), half_closed});
  }
  void rearm() {
    if (const Time next = end(); next != never) reactor_.timers().arm(*this, next);
  }
  void fire(Time now) override {
    if (now < end()) return rearm();
    const bool in_order = complaint_end_ != never || (half_closed_ && now < age_end_);
    if (in_order) return scope.cancel(gateway_error(Code::canceled));
    const Error why = gateway_error(Code::tunnel_timeout);
    upstream_.wind_up(why) ? heed_complaint() : give_up(why);
  }

  Reactor& reactor_;
  Duplex& upstream_;
  RelayLimits limits_;
  Time last_moved_;
  Time age_end_;
  Time complaint_end_ = never;
  unsigned at_once_ = 0;
  bool half_closed_ = false;
};

}  // namespace

Task<RelayOutcome> relay(Reactor& reactor, Duplex& client, Duplex& upstream, RelayLimits limits) {
  Relay both(reactor, upstream, limits);
  Cancellation* const outer = co_await current_cancellation{};
  both.scope.attach(outer);
  both.scope.spawn(both.move(client, upstream, both.outcome.bytes_from_client));
  both.scope.spawn(both.move(upstream, client, both.outcome.bytes_to_client));
  co_await both.scope.join();
  if (outer != nullptr && outer->requested() && both.outcome.result) both.outcome.result = fail(outer->why());
  const std::optional<Error> complaint = upstream.complaint();
  both.outcome.broken = !both.outcome.result && !complaint;  // who complains has told both ends
  if (complaint) both.outcome.result = fail(*complaint);
  co_return both.outcome;
}

}  // namespace weir
