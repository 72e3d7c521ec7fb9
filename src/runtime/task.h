// A coroutine that somebody waits for.
//
// Idea: Task<T> starts when it is awaited, runs on its awaiter's thread, and resumes the awaiter by symmetric transfer,
// so that a chain of a million synchronous completions uses no stack. It inherits its awaiter's Cancellation. Work that
// nobody awaits does not exist: background work is a child of a Scope.
//
// Invariants
//   (1) A Task is awaited at most once, and the frame is destroyed with the Task object, never while suspended inside.
//   (2) No exception leaves a coroutine: unhandled_exception stops the process.
#pragma once

#include <coroutine>
#include <exception>
#include <new>
#include <utility>

#include "base/invariant.h"
#include "runtime/cancellation.h"
#include "runtime/frame_pool.h"

namespace weir {

/// What every coroutine of the program has: who continues, and whose cancellation reaches it.
struct PromiseBase {
  std::coroutine_handle<> continuation;
  Cancellation* cancellation = nullptr;

  static void* operator new(std::size_t bytes) { return FramePool::take(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept { FramePool::give_back(frame, bytes); }

  template <typename Promise>
  void awaited_by(std::coroutine_handle<Promise> awaiter) noexcept {
    continuation = awaiter;
    if (cancellation == nullptr) cancellation = awaiter.promise().cancellation;
  }

  std::suspend_always initial_suspend() noexcept { return {}; }
  [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }

  struct Resume {
    bool await_ready() noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) noexcept {
      return finished.promise().continuation;
    }
    void await_resume() noexcept {}
  };
  Resume final_suspend() noexcept { return {}; }
};

template <typename T>
class Task;

/// Where a coroutine leaves its result.
template <typename T>
struct TaskPromise : PromiseBase {
  union {
    T value;
  };
  bool has_value = false;

  TaskPromise() {}
  ~TaskPromise() {
    if (has_value) value.~T();
  }
  Task<T> get_return_object() { return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this)); }
  template <typename U>
  void return_value(U&& returned) {
    new (&value) T(std::forward<U>(returned));
    has_value = true;
  }
  T take() { return std::move(value); }
};

template <>
struct TaskPromise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() {}
  void take() {}
};

template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = TaskPromise<T>;

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  /// Lets `cancellation` reach this task instead of its awaiter's: `co_await body.read().under(region.inner())`.
  Task&& under(Cancellation& cancellation) && {
    handle_.promise().cancellation = &cancellation;
    return std::move(*this);
  }

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiter) noexcept {
    handle_.promise().awaited_by(awaiter);
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

inline Task<void> TaskPromise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

/// `co_await current_cancellation()` tells a coroutine which cancellation reaches it (null: none).
struct current_cancellation {
  Cancellation* cancellation = nullptr;
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
    cancellation = handle.promise().cancellation;
    return false;
  }
  Cancellation* await_resume() const noexcept { return cancellation; }
};

}  // namespace weir
