// Waiting for an answer that another thread gives.
//
// Idea: the answer comes back through the core's own mailbox and wakes the coroutine there. Whoever finishes last, the
// one who answers or a wait that was canceled, frees what they share.
//
//   FromElsewhere<ReloadOutcome> outcome(reactor, [&](auto done) { operations.reload(std::move(done)); });
//   CO_TRY(const ReloadOutcome told, co_await outcome);
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/reactor.h"

namespace weir {

template <typename T>
class FromElsewhere final : public Suspension {
 public:
  using Done = std::move_only_function<void(T)>;
  using Ask = std::move_only_function<void(Done)>;

  /// \param ask  called when awaited, with what to call once, from any thread, with the answer
  FromElsewhere(Reactor& reactor, Ask ask) : reactor_(reactor), ask_(std::move(ask)) {}
  FromElsewhere(const FromElsewhere&) = delete;

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (const Error* already = suspend(handle)) {
      canceled_ = *already;
      return false;
    }
    shared_->waiting = this;
    ask_([reactor = &reactor_, shared = shared_](T answer) mutable {
      reactor->mailbox().send([reactor, answer = std::move(answer), shared = std::move(shared)]() mutable {
        if (shared->waiting == nullptr) return;
        shared->answer.emplace(std::move(answer));
        reactor->schedule(*std::exchange(shared->waiting, nullptr));
      });
    });
    return true;
  }
  /// \errors  canceled
  Result<T> await_resume() {
    shared_->waiting = nullptr;
    if (!shared_->answer) return fail(canceled_);
    return std::move(*shared_->answer);
  }
  void cancel(Error why) override {
    canceled_ = why;
    shared_->waiting = nullptr;
    reactor_.schedule(*this);
  }

 private:
  struct Shared {
    std::optional<T> answer;
    FromElsewhere* waiting = nullptr;
  };

  Reactor& reactor_;
  Ask ask_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  Error canceled_ = gateway_error(Code::canceled);
};

}  // namespace weir
