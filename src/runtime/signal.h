// One coroutine waits until another says that it is worth looking again.
//
// Idea: the state that is waited for is the owner's; the signal only wakes. So a raise that nobody waits for is lost
// without harm: whoever comes later looks first.
//
//   while (queue.empty()) CO_TRY_VOID(co_await signal.wait(patience));
//
// Invariants
//   (1) At most one coroutine waits at a time.
//   (2) The signal outlives the wait.
#pragma once

#include <utility>

#include "runtime/reactor.h"

namespace weir {

class Signal {
 public:
  explicit Signal(Reactor& reactor) : reactor_(reactor) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal() { invariant(waiting_ == nullptr, "nobody waits for a signal that goes away"); }

  class Wait final : public Suspension, private Timer {
   public:
    Wait(Signal& signal, Duration patience) : signal_(signal), patience_(patience) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
      invariant(signal_.waiting_ == nullptr, "one waits for a signal at a time");
      if (const Error* already = suspend(handle)) {
        outcome_ = fail(*already);
        return false;
      }
      signal_.waiting_ = this;
      const Time due = deadline_after(signal_.reactor_.now(), patience_);
      if (due != never) signal_.reactor_.timers().arm(*this, due);
      return true;
    }
    /// \errors  timed_out (origin gateway: the caller knows whose fault it is); canceled
    Result<void> await_resume() const { return outcome_; }

   private:
    friend class Signal;
    void fire(Time) override { end(fail(gateway_error(Code::timed_out))); }
    void cancel(Error why) override { end(fail(why)); }
    void end(Result<void> outcome) {
      signal_.waiting_ = nullptr;
      signal_.reactor_.timers().disarm(*this);
      outcome_ = outcome;
      signal_.reactor_.schedule(*this);
    }

    Signal& signal_;
    Duration patience_;
    Result<void> outcome_{};
  };

  [[nodiscard]] Wait wait(Duration patience = no_limit) { return {*this, patience}; }
  /// Wakes who waits; it runs in this turn or the next, never from inside this call.
  void raise() {
    if (waiting_ != nullptr) waiting_->end({});
  }
  [[nodiscard]] bool awaited() const { return waiting_ != nullptr; }

 private:
  Reactor& reactor_;
  Wait* waiting_ = nullptr;
};

}  // namespace weir
