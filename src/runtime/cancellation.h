// Giving up work that nobody waits for any more.
//
// Problem: when a client goes away or a deadline passes, whatever the request is waiting for (a socket, a timer, a
// place in a line) must stop waiting, without a flag that every loop has to look at.
// Idea: cancellation is an error value that arrives from the awaited operation. Each coroutine knows the Cancellation
// of its scope (inherited from its awaiter); what suspends puts itself into that list and is woken with an error.
//
// Invariants
//   (1) A Suspension is in at most one list: its Cancellation's while it waits, the reactor's ready queue once it is
//       decided, none while its coroutine runs. So an operation ends exactly once: completed or canceled.
//   (2) After request() nothing can be added: later waits fail at once.
#pragma once

#include <coroutine>

#include "base/error.h"
#include "base/intrusive_list.h"

namespace weir {

/// Something that waits and can be told to stop.
class Cancelable : public ListLink {
 public:
  /// Called at most once, unlinked. Must lead to the waiter being resumed with `why`.
  virtual void cancel(Error why) = 0;

 protected:
  ~Cancelable() = default;
};

class Cancellation {
 public:
  [[nodiscard]] bool requested() const { return requested_; }
  [[nodiscard]] Error why() const { return why_; }

  /// Wakes everything that waits here with `why`; the first call wins.
  void request(Error why) {
    if (requested_) return;
    requested_ = true;
    why_ = why;
    while (Cancelable* waiting = waits_.pop_front()) waiting->cancel(why);
  }

  /// \pre not requested
  void add(Cancelable& waiting) { waits_.push_back(waiting); }

 private:
  IntrusiveList<Cancelable> waits_;
  Error why_{};
  bool requested_ = false;
};

/// A part of a coroutine's work that can be given up while the coroutine itself goes on: the answer to a request that
/// took too long is given up, the refusal is still sent. An outer cancellation reaches what is inside, too.
class CancellationRegion final : public Cancelable {
 public:
  explicit CancellationRegion(Cancellation* outer) {
    if (outer == nullptr) return;
    if (outer->requested()) {
      inner_.request(outer->why());
    } else {
      outer->add(*this);
    }
  }
  CancellationRegion(const CancellationRegion&) = delete;

  [[nodiscard]] Cancellation& inner() { return inner_; }
  void cancel(Error why) override { inner_.request(why); }

 private:
  Cancellation inner_;
};

/// A coroutine that is suspended at a leaf: the base of every awaitable that really waits.
class Suspension : public Cancelable {
 public:
  std::coroutine_handle<> waiter;

 protected:
  ~Suspension() = default;

  /// Remembers who waits and joins its scope's cancellation.
  /// \returns  the error to resume with at once when the scope is already canceled
  template <typename Promise>
  const Error* suspend(std::coroutine_handle<Promise> handle) {
    waiter = handle;
    Cancellation* cancellation = handle.promise().cancellation;
    if (cancellation == nullptr) return nullptr;
    if (cancellation->requested()) {
      already_ = cancellation->why();
      return &already_;
    }
    cancellation->add(*this);
    return nullptr;
  }

 private:
  Error already_{};
};

}  // namespace weir
