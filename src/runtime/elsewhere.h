// Waiting for work that blocks.
//
// Idea: the job runs on one of the executor's threads; its result comes back by mailbox and resumes the coroutine on
// its own core. Whoever waits may give up (its time is over, its client is gone); the job goes on, and its result is
// thrown away when it comes. So a disk that hangs costs a thread of the executor and never a core.
//
//   CO_TRY(Opened opened, co_await elsewhere(reactor, executor, [path] { return open_file(path); }, 10s));
//
// Invariants
//   (1) The job shares nothing with the coroutine but its result: it owns what it was given.
//   (2) The result is handed over, or destroyed, on the reactor's thread.
#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtime/executor.h"
#include "runtime/reactor.h"

namespace weir {

/// What elsewhere() waits in. The job runs in the disk's lane of the executor.
template <typename Job>
class Elsewhere final : public Suspension, private Timer {
 public:
  using Value = std::invoke_result_t<Job&>;

  Elsewhere(Reactor& reactor, Executor& executor, Job job, Duration patience)
      : reactor_(reactor), executor_(executor), job_(std::move(job)), patience_(patience) {}
  Elsewhere(const Elsewhere&) = delete;
  Elsewhere& operator=(const Elsewhere&) = delete;

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (const Error* already = suspend(handle)) {
      why_ = *already;
      return false;
    }
    shared_->waiting = this;
    if (patience_ >= Duration::zero()) reactor_.timers().arm(*this, deadline_after(reactor_.now(), patience_));
    executor_.run_on_disk([job = std::move(job_), reactor = &reactor_, shared = shared_]() mutable {
      reactor->mailbox().send([value = job(), shared = std::move(shared)]() mutable {
        if (shared->waiting == nullptr) return;
        shared->value.emplace(std::move(value));
        shared->waiting->came();
      });
    });
    return true;
  }
  /// \errors  disk_busy when the time was over first; canceled
  Result<Value> await_resume() {
    shared_->waiting = nullptr;
    if (!shared_->value) return fail(why_);
    return std::move(*shared_->value);
  }

 private:
  struct Shared {
    std::optional<Value> value;
    Elsewhere* waiting = nullptr;
  };

  void came() {
    reactor_.timers().disarm(*this);
    shared_->waiting = nullptr;
    reactor_.schedule(*this);
  }
  void fire(Time) override { give_up(gateway_error(Code::disk_busy)); }
  void cancel(Error why) override { give_up(why); }
  void give_up(Error why) {
    reactor_.timers().disarm(*this);
    shared_->waiting = nullptr;
    why_ = why;
    reactor_.schedule(*this);
  }

  Reactor& reactor_;
  Executor& executor_;
  Job job_;
  Duration patience_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  Error why_ = gateway_error(Code::canceled);
};

/// \param patience  how long the caller waits; the job itself cannot be stopped
template <typename Job>
Elsewhere<Job> elsewhere(Reactor& reactor, Executor& executor, Job job, Duration patience) {
  return {reactor, executor, std::move(job), patience};
}

}  // namespace weir
