// Whether an interim answer is still on its way to the client.
//
// Problem: whoever pulls the request's content sends 100 (Continue) beside the rest of the exchange. A client that
// reads slowly may not have taken all of it when the final answer is there, and a stream sends one thing at a time.
// Idea: the final answer waits for it. An interim head of which only a part could leave ends the connection: whatever
// followed it would be taken for the rest.
#pragma once

#include <cstdint>
#include <utility>

#include "runtime/reactor.h"

namespace weir::h1 {

class PendingInterim {
 public:
  void reset() { state_ = State::none; }
  void begin() { state_ = State::leaving; }
  void end(Reactor& reactor, bool whole) {
    state_ = whole ? State::none : State::cut;
    if (waiter_ != nullptr) reactor.schedule(*std::exchange(waiter_, nullptr));
  }
  /// Given up while somebody waited for its end.
  void give_up() {
    if (state_ == State::leaving) state_ = State::cut;
  }
  [[nodiscard]] bool none() const { return state_ == State::none; }
  [[nodiscard]] bool cut() const { return state_ == State::cut; }

  /// `co_await PendingInterim::Over(reactor, interim)`: until nothing of it is on its way, or the wait is canceled.
  class Over final : public Suspension {
   public:
    Over(Reactor& reactor, PendingInterim& interim) : reactor_(reactor), interim_(interim) {}
    Over(const Over&) = delete;
    Over& operator=(const Over&) = delete;

    bool await_ready() const { return interim_.state_ != State::leaving; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
      if (suspend(handle) != nullptr) return false;
      interim_.waiter_ = this;
      return true;
    }
    void await_resume() {}
    void cancel(Error) override {
      interim_.waiter_ = nullptr;
      reactor_.schedule(*this);
    }

   private:
    Reactor& reactor_;
    PendingInterim& interim_;
  };

 private:
  enum class State : std::uint8_t { none, leaving, cut };
  State state_ = State::none;
  Suspension* waiter_ = nullptr;
};

}  // namespace weir::h1
