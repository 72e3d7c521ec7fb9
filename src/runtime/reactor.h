// The heart of a core: what is ready runs, what is due fires, then the kernel is asked for more.
//
// Idea: one loop over three sources. The ready queue holds coroutines that were decided while others ran (a freed
// connection, a joined scope, a cancellation); the wheel holds deadlines; the Io holds everything else. Clock and
// randomness come from here and from nowhere else, so that a simulated Io makes a simulated world.
//
// Invariants
//   (1) now() does not move within a turn: decisions of one turn see one time.
//   (2) A coroutine is resumed by exactly one of: the ready queue, the wheel, the Io's completion.
#pragma once

#include <cstdint>
#include <functional>

#include "base/random.h"
#include "base/units.h"
#include "runtime/io.h"
#include "runtime/mailbox.h"
#include "runtime/timer_wheel.h"

namespace weir {

class Reactor final : private CompletionSink {
 public:
  Reactor(Io& io, std::uint64_t seed);
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] WallTime wall_now() { return io_.wall_now(); }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] TimerWheel& timers() { return timers_; }
  [[nodiscard]] Io& io() { return io_; }
  /// Messages from other threads; the only member that other threads may touch.
  [[nodiscard]] Mailbox& mailbox() { return mailbox_; }

  /// Resumes the waiter in this turn or the next, never from inside this call.
  void schedule(Suspension& decided);

  /// One turn. Waits for the kernel at most until `deadline` when nothing else is to do.
  /// \returns whether anything ran
  bool turn(Time deadline = never);

  /// Turns until stop() is called.
  void run();
  void stop() { stopping_ = true; }

  /// When something is to be done without the kernel: now, at a timer, or never. The simulator asks.
  [[nodiscard]] Time next_due() const { return ready_.empty() ? timers_.next_due() : now_; }

 private:
  void awake() override { now_ = io_.now(); }
  void complete(Op& op) override;
  bool run_ready();

  Io& io_;
  Time now_;
  TimerWheel timers_;
  Random random_;
  Mailbox mailbox_;
  IntrusiveList<Suspension> ready_;
  bool stopping_ = false;
};

/// `co_await Yield(reactor)`: lets others have their turn.
class Yield final : public Suspension {
 public:
  explicit Yield(Reactor& reactor) : reactor_(reactor) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    waiter = handle;
    reactor_.schedule(*this);
  }
  void await_resume() const noexcept {}
  void cancel(Error) override {}

 private:
  Reactor& reactor_;
};

/// `co_await Sleep(reactor, 50ms)`: an error only when canceled.
class Sleep final : public Suspension, private Timer {
 public:
  Sleep(Reactor& reactor, Duration duration) : reactor_(reactor), duration_(duration) {}
  Sleep(const Sleep&) = delete;

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (const Error* already = suspend(handle)) {
      outcome_ = fail(*already);
      return false;
    }
    reactor_.timers().arm(*this, deadline_after(reactor_.now(), duration_));
    return true;
  }
  Result<void> await_resume() const { return outcome_; }

 private:
  void fire(Time) override { reactor_.schedule(*this); }
  void cancel(Error why) override {
    reactor_.timers().disarm(*this);
    outcome_ = fail(why);
    reactor_.schedule(*this);
  }

  Reactor& reactor_;
  Duration duration_;
  Result<void> outcome_{};
};

}  // namespace weir
