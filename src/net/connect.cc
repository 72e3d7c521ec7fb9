// The connect op with its deadline.
#include "net/connect.h"

#include <cerrno>

namespace weir {
namespace {

class Connect final : public Op, private Timer {
 public:
  Connect(Reactor& reactor, Handle socket, const SocketAddress& address, Duration timeout)
      : reactor_(reactor), address_(address) {
    kind = Kind::connect;
    handle = socket;
    data = reinterpret_cast<char*>(&address_);
    deadline = deadline_after(reactor.now(), timeout);
  }

  bool await_ready() { return reactor_.io().submit(*this); }
  template <typename Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    if (const Error* already = suspend(waiting)) {
      cancel(*already);
    } else if (deadline != never) {
      reactor_.timers().arm(*this, deadline);
    }
  }
  Result<void> await_resume() {
    reactor_.timers().disarm(*this);
    if (timed_out) return fail(upstream_error(Code::connect_timeout).with(Retry::unsent));
    if (result == -ECANCELED) return fail(why_);
    if (result < 0) return fail(failure());
    return {};
  }
  void cancel(Error why) override {
    why_ = why;
    reactor_.io().cancel(*this);
  }

 private:
  void fire(Time) override {
    timed_out = true;
    reactor_.io().cancel(*this);
  }

  [[nodiscard]] Error failure() const {
    Error error = os_error(static_cast<int>(-result), Origin::upstream).with(Retry::unsent);
    if (error.code == Code::timed_out) error.code = Code::connect_timeout;
    if (error.code == Code::peer_reset) error.code = Code::connect_refused;
    return error;
  }

  Reactor& reactor_;
  SocketAddress address_;
  Error why_{};
};

Task<Result<std::unique_ptr<Stream>>> bring_up(Reactor& reactor, const UpstreamAddress& address, SocketKind kind,
                                               Duration timeout) {
  CO_TRY(const Handle socket, reactor.io().open(address.address, kind));
  Connect operation(reactor, socket, address.address, timeout);
  const Result<void> connected = co_await operation;
  if (!connected) {
    reactor.io().close(socket, false);
    co_return fail(connected.error());
  }
  co_return std::make_unique<Stream>(reactor, socket, Origin::upstream);
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> connect(Reactor& reactor, const UpstreamAddress& address, Duration timeout) {
  return bring_up(reactor, address, SocketKind::stream, timeout);
}

Task<Result<std::unique_ptr<Stream>>> open_datagrams(Reactor& reactor, const UpstreamAddress& address) {
  return bring_up(reactor, address, SocketKind::datagram, no_limit);
}

}  // namespace weir
