// At most so many at once on this core; the others wait in line.
//
// Problem: some work is dear (a password's hash: 100 ms of a core) and must be bounded, and so must be the line of
// those who wait for it. Idea: whoever enters gets a pass, and whoever lets his pass go lets the next one in, in the
// order of arrival.
//
//   CO_TRY(const Gate::Pass pass, co_await gate.enter());
//
// Invariants
//   (1) inside_ counts passes that are held; nobody waits while inside_ < places_.
#pragma once

#include <coroutine>
#include <utility>

#include "runtime/reactor.h"

namespace weir {

class Gate {
 public:
  Gate(Reactor& reactor, unsigned places, unsigned waiting_max)
      : reactor_(reactor), places_(places), waiting_max_(waiting_max) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { invariant(inside_ == 0, "a gate outlives its passes"); }

  class Pass {
   public:
    Pass() = default;
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&& other) noexcept {
      if (this != &other) {
        leave();
        gate_ = std::exchange(other.gate_, nullptr);
      }
      return *this;
    }
    ~Pass() { leave(); }

   private:
    friend class Gate;
    explicit Pass(Gate& gate) : gate_(&gate) {}
    void leave() {
      if (gate_ != nullptr) std::exchange(gate_, nullptr)->let_next_in();
    }

    Gate* gate_ = nullptr;
  };

  class Enter final : public Suspension {
   public:
    explicit Enter(Gate& gate) : gate_(gate) {}
    Enter(const Enter&) = delete;

    bool await_ready() { return gate_.has_place() ? admit() : false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
      if (gate_.waiting_ == gate_.waiting_max_) return false;
      if (const Error* already = suspend(handle)) {
        why_not_ = *already;
        return false;
      }
      ++gate_.waiting_;
      gate_.line_.push_back(place_);
      return true;
    }
    /// \errors  checks_queue_full when the line is full; canceled
    Result<Pass> await_resume() {
      if (!admitted_) return fail(why_not_);
      return Pass(gate_);
    }
    void cancel(Error why) override {
      place_.unlink();
      --gate_.waiting_;
      why_not_ = why;
      gate_.reactor_.schedule(*this);
    }

   private:
    friend class Gate;
    struct Place final : ListLink {
      explicit Place(Enter& who) : enter(who) {}
      Enter& enter;
    };
    bool admit() {
      ++gate_.inside_;
      return admitted_ = true;
    }

    Gate& gate_;
    Place place_{*this};
    bool admitted_ = false;
    Error why_not_ = gateway_error(Code::checks_queue_full);
  };

  [[nodiscard]] Enter enter() { return Enter(*this); }
  [[nodiscard]] unsigned inside() const { return inside_; }
  [[nodiscard]] unsigned waiting() const { return waiting_; }

 private:
  [[nodiscard]] bool has_place() const { return inside_ < places_; }

  // The one let in holds his place from now on, also while he is not resumed yet: nobody overtakes him.
  void let_next_in() {
    --inside_;
    Enter::Place* next = line_.pop_front();
    if (next == nullptr) return;
    --waiting_;
    next->enter.admit();
    reactor_.schedule(next->enter);
  }

  Reactor& reactor_;
  const unsigned places_;
  const unsigned waiting_max_;
  unsigned inside_ = 0;
  unsigned waiting_ = 0;
  IntrusiveList<Enter::Place> line_;
};

}  // namespace weir
