// Waiting for what another thread does: a job that blocks, or a question to the control thread or another core.
//
// Idea: the answer comes back through the core's own mailbox and resumes the coroutine there. Whoever waits may give up
// (its time is over, its client is gone); the other side goes on, and its answer is thrown away when it comes. So a
// disk that hangs costs a thread of the executor and never a core.
//
//   CO_TRY(Opened opened, co_await on_disk(reactor, executor, [path] { return open_file(path); }, 10s));
//   CO_TRY(ReloadOutcome told, co_await elsewhere<ReloadOutcome>(reactor, [&](auto done) {
//     operations.reload(std::move(done));
//   }));
//
// Invariants
//   (1) The other side shares nothing with the coroutine but the answer: it owns what it was given.
//   (2) The answer is handed over, or destroyed, on the reactor's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtime/executor.h"
#include "runtime/reactor.h"

namespace weir {

/// What a coroutine waits in.
template <typename T>
class Elsewhere final : public Suspension, private Timer {
  /// Whoever finishes last, the one who answers or a wait that was given up, frees it.
  struct Shared {
    std::optional<T> answer;
    Elsewhere* waiting = nullptr;
  };

 public:
  /// What the other side calls once, from any thread, with its answer.
  class Done {
   public:
    void operator()(T answer) {
      reactor_->mailbox().send([answer = std::move(answer), shared = std::move(shared_)]() mutable {
        if (shared->waiting == nullptr) return;
        shared->answer.emplace(std::move(answer));
        shared->waiting->wake();
      });
    }

   private:
    friend class Elsewhere;
    Done(Reactor& reactor, std::shared_ptr<Shared> shared) : reactor_(&reactor), shared_(std::move(shared)) {}

    Reactor* reactor_;
    std::shared_ptr<Shared> shared_;
  };
  using Ask = std::move_only_function<void(Done)>;

  Elsewhere(Reactor& reactor, Ask ask, Duration patience)
      : reactor_(reactor), ask_(std::move(ask)), patience_(patience) {}
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
    ask_(Done(reactor_, shared_));
    return true;
  }
  Result<T> await_resume() {
    if (!shared_->answer) return fail(why_);
    return std::move(*shared_->answer);
  }

 private:
  void fire(Time) override { give_up(gateway_error(Code::disk_busy)); }
  void cancel(Error why) override { give_up(why); }
  void give_up(Error why) {
    why_ = why;
    wake();
  }
  void wake() {
    reactor_.timers().disarm(*this);
    shared_->waiting = nullptr;
    reactor_.schedule(*this);
  }

  Reactor& reactor_;
  Ask ask_;
  Duration patience_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  Error why_ = gateway_error(Code::canceled);
};

/// The answer of somebody who says when it is there.
/// \param ask  called when awaited; hands the Elsewhere<T>::Done on, with all that the other side needs
/// \errors  canceled
template <typename T>
Elsewhere<T> elsewhere(Reactor& reactor, typename Elsewhere<T>::Ask ask) {
  return {reactor, std::move(ask), no_limit};
}

/// The result of a job that waits for a disk.
/// \param patience  how long the caller waits; the job itself cannot be stopped
/// \errors  disk_busy when the time was over first; canceled
template <typename Job>
auto on_disk(Reactor& reactor, Executor& executor, Job job, Duration patience) {
  using Waiting = Elsewhere<std::invoke_result_t<Job&>>;
  auto ask = [&executor, job = std::move(job)](typename Waiting::Done done) mutable {
    executor.run_on_disk([job = std::move(job), done = std::move(done)]() mutable { done(job()); });
  };
  return Waiting(reactor, std::move(ask), patience);
}

}  // namespace weir
