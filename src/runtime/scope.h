// The owner of work that runs beside its parent.
//
// Problem: work that is started and forgotten outlives what it uses; stopping a service then crashes, or
// waits for ever.
// Idea: a Scope joins or cancels all its children; it cannot be left while one of them runs.
//
// Invariants
//   (1) running_ counts children that have started and not finished; the destructor finds it 0.
//   (2) Canceling a scope cancels what its children wait for, and their scopes in turn. A parent's cancellation reaches
//       the scope from the moment attach() or the first `co_await join()` was called.
#pragma once

#include <coroutine>
#include <cstdint>

#include "base/fault.h"
#include "runtime/reactor.h"
#include "runtime/task.h"

namespace weir {

class Scope final : public Cancelable {
 public:
  explicit Scope(Reactor& reactor) : reactor_(reactor), joiner_(*this) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { invariant(running_ == 0, "a scope is joined before it is left"); }

  /// Lets `parent`'s cancellation reach this scope.
  void attach(Cancellation* parent) {
    if (parent == nullptr || linked() || fault(Fault::cancellation_not_inherited)) return;
    if (parent->requested()) {
      cancellation_.request(parent->why());
    } else {
      parent->add(*this);
    }
  }

  /// Starts a child at once; it runs until its first suspension before spawn returns.
  void spawn(Task<void> child);

  /// Wakes everything the children wait for with `why`. They still have to be joined.
  void cancel(Error why) override { cancellation_.request(why); }

  [[nodiscard]] Cancellation& cancellation() { return cancellation_; }
  [[nodiscard]] std::uint32_t running() const { return running_; }
  [[nodiscard]] Reactor& reactor() { return reactor_; }

  /// Waits until no child runs. Cannot itself be canceled: children see the cancellation and end.
  class Joiner final : public Suspension {
   public:
    explicit Joiner(Scope& scope) : scope_(scope) {}
    bool await_ready() const noexcept { return scope_.running_ == 0; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) {
      scope_.attach(handle.promise().cancellation);
      waiter = handle;
      scope_.joined_by_ = this;
    }
    void await_resume() const noexcept {}
    void cancel(Error) override {}

   private:
    Scope& scope_;
  };
  [[nodiscard]] Joiner& join() { return joiner_; }

 private:
  struct Child;
  static Child run(Scope& scope, Task<void> child);
  void child_finished();

  Reactor& reactor_;
  Cancellation cancellation_;
  Joiner joiner_;
  Joiner* joined_by_ = nullptr;
  std::uint32_t running_ = 0;
};

}  // namespace weir
