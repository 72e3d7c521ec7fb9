// How a child of a scope starts and ends.
#include "runtime/scope.h"

namespace weir {

/// The root coroutine of a child: it awaits the child's task, tells the scope, and frees itself.
struct Scope::Child {
  struct promise_type : PromiseBase {
    Child get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
  };
  std::coroutine_handle<promise_type> handle;
};

Scope::Child Scope::run(Scope& scope, Task<void> child) {
  {
    Task<void> owned = std::move(child);
    co_await owned;
  }  // the child's frame is gone before the scope may be
  scope.child_finished();
}

void Scope::spawn(Task<void> child) {
  ++running_;
  if (joiner_.linked()) {  // told that all had ended, and has not run yet: it waits on
    joiner_.unlink();
    joined_by_ = &joiner_;
  }
  Child started = run(*this, std::move(child));
  started.handle.promise().cancellation = &cancellation_;
  started.handle.resume();
}

void Scope::child_finished() {
  --running_;
  if (running_ == 0 && joined_by_ != nullptr) {
    Joiner* joiner = joined_by_;
    joined_by_ = nullptr;
    reactor_.schedule(*joiner);
  }
}

}  // namespace weir
