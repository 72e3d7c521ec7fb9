// Where connections come in.
#pragma once

#include "base/result.h"
#include "runtime/reactor.h"
#include "runtime/socket_address.h"

namespace weir {

class Listener {
 public:
  /// \errors  what bind() and listen() say, origin gateway
  static Result<Handle> open(Reactor& reactor, const SocketAddress& address, ListenOptions options) {
    return reactor.io().listen(address, options);
  }

  Listener(Reactor& reactor, Handle handle) : reactor_(reactor), accept_(reactor) {
    accept_.kind = Op::Kind::accept;
    accept_.urgency = Urgency::begins;
    accept_.handle = handle;
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() {
    invariant(!accept_.parked, "a listener is idle when it is destroyed");
    reactor_.io().close(accept_.handle, false);
  }

  class Accept final : public Op {
   public:
    explicit Accept(Reactor& reactor) : reactor_(reactor) {}
    bool await_ready() { return reactor_.io().submit(*this); }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
      if (const Error* already = suspend(waiting)) cancel(*already);
    }
    Result<Handle> await_resume() {
      if (result >= 0) return static_cast<Handle>(result);
      return fail(result == -ECANCELED ? why_ : os_error(static_cast<int>(-result)));
    }
    void cancel(Error why) override {
      why_ = why;
      reactor_.io().cancel(*this);
    }

   private:
    Reactor& reactor_;
    Error why_{};
  };

  /// The next connection.
  /// \errors  out_of_descriptors (wait before trying again), canceled
  [[nodiscard]] Accept& accept() { return accept_; }
  /// Whether connections are known to wait: a drain empties the queue before it closes.
  [[nodiscard]] bool waiting() { return reactor_.io().readable(accept_.handle); }
  [[nodiscard]] Handle handle() const { return accept_.handle; }
  [[nodiscard]] SocketAddress address() { return reactor_.io().local_address(accept_.handle); }

 private:
  Reactor& reactor_;
  Accept accept_;
};

}  // namespace weir
