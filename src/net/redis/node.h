// One server of Redis as one core knows it: a connection that many questions share.
//
// Problem: a round trip for each question, one after the other, would make every request wait for all others; and a
// server that is slow or dead must cost those who ask it nothing.
// Idea: questions are written as they come (those of one turn in one send) and answers matched in their order. Who
// waits does so for his own patience; when it is over he goes, his place in the order stays, and the answer is thrown
// away when it comes. A server that was late or lost is suppressed (suppression.h) and asked only by a PING until it is
// back.
//
// Invariants
//   (1) in_flight_ has one place for each question that was written and not answered, in the order of writing.
//   (2) Every Ask ends exactly once: answered, given up, or failed with its connection.
//   (3) run() runs exactly while state_ is none of idle and stopped.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/redis/link.h"
#include "net/redis/suppression.h"
#include "runtime/scope.h"

namespace weir::redis {

class Node final : private Timer {
 public:
  /// \param addresses  the same server by other ways, tried in turn; at least one. All references outlive the node
  Node(Scope& scope, Resolver& resolver, tls::Workbench& bench, const Settings& settings, Events& events,
       std::vector<Endpoint> addresses);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();

  /// What `co_await Ask(node, request, patience)` waits for: the answer, which may be the server's own error.
  /// \errors  unreachable when nobody asks this server at present, without any wait; timed_out when the patience is
  /// over,
  ///          which suppresses the server; those of the connection; canceled
  class Ask final : public Suspension, private Timer {
   public:
    /// \param asking  after a redirection by ASK
    Ask(Node& node, const Request& request, Duration patience, bool asking = false)
        : node_(node), request_(request), patience_(patience), asking_(asking) {}
    Ask(const Ask&) = delete;
    Ask& operator=(const Ask&) = delete;

    bool await_ready() const { return !node_.takes_questions(); }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
      if (const Error* already = suspend(handle)) {
        outcome_ = fail(*already);
        return false;
      }
      node_.submit(*this);
      return true;
    }
    Result<Reply> await_resume() { return std::move(outcome_); }

   private:
    friend class Node;
    void fire(Time now) override { node_.give_up(*this, now); }
    void cancel(Error why) override { node_.forget(*this, why); }

    Node& node_;
    const Request& request_;
    const Duration patience_;
    const bool asking_;
    std::uint64_t number_ = 0;  // of its place; 0 while it waits for a connection
    Result<Reply> outcome_ = fail(upstream_error(Code::unreachable).with(Retry::unsent));
  };

  /// Whether it is worth asking: it is there, or nobody has tried yet.
  [[nodiscard]] bool takes_questions() const {
    return !suppression_.suppressed() && state_ != State::stopped && in_flight_.size() < limits::redis_in_flight;
  }
  /// Sends a question whose answer nobody waits for. \returns  whether there was a connection to send it on
  bool tell(const Request& request);
  /// Makes sure that somebody tries to connect.
  void wake_up();
  void stop();

  [[nodiscard]] const Endpoint& address() const { return addresses_[address_]; }
  [[nodiscard]] NodeFacts facts() const;
  [[nodiscard]] bool ready() const { return state_ == State::ready; }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  /// No coroutine of it runs.
  [[nodiscard]] bool at_rest() const { return state_ == State::idle || (state_ == State::stopped && !running_); }

 private:
  enum class State : std::uint8_t { idle, connecting, ready, down, stopped };
  struct Place {
    Ask* ask = nullptr;  // null: nobody waits any more
    Time sent{};
    enum class Kind : std::uint8_t { question, told, probe, preface } kind = Kind::question;
  };
  /// What the writer waits for: something to write.
  class Bell final : public Suspension {
   public:
    explicit Bell(Reactor& reactor) : reactor_(reactor) {}
    void ring();
    bool await_ready() {
      outcome_ = {};
      return std::exchange(rung_, false);
    }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
      if (const Error* already = suspend(handle)) {
        outcome_ = fail(*already);
        return false;
      }
      return waiting_ = true;
    }
    Result<void> await_resume() const { return outcome_; }
    void cancel(Error why) override;

   private:
    Reactor& reactor_;
    bool waiting_ = false;
    bool rung_ = false;
    Result<void> outcome_{};
  };

  void use_next_address();
  void submit(Ask& ask);
  void send(Ask& ask);
  void give_up(Ask& ask, Time now);
  void forget(Ask& ask, Error why);
  void finish(Ask& ask, Result<Reply> outcome);

  void write(const Request& request, Ask* ask, Place::Kind kind);
  Task<void> run();
  Task<Result<void>> serve_once();
  Task<void> write_all(Stream& stream);
  Task<Result<void>> read_all(Link& link);
  [[nodiscard]] Duration patience_for_answers() const;
  Result<void> answered(Reply reply);
  void fail_all(Error why);

  void suppress(std::string_view why);
  void resume();
  void fire(Time now) override;  // time for a probe
  void probe_later();

  Scope& scope_;
  Reactor& reactor_;
  Resolver& resolver_;
  tls::Workbench& bench_;
  const Settings& settings_;
  Events& events_;
  const std::vector<Endpoint> addresses_;
  std::size_t address_ = 0;

  State state_ = State::idle;
  bool running_ = false;
  Suppression suppression_;
  std::string words_;  // what the server said against us last
  std::string address_text_;

  std::shared_ptr<tls::SavedSession> saved_;  // of the present address: its next connection resumes
  Link* link_ = nullptr;                      // while ready
  std::string out_;                           // written and not yet sent
  Bell bell_;
  std::deque<Place> in_flight_;
  std::uint64_t first_number_ = 1;  // of the first place
  std::vector<Ask*> waiting_;       // for a connection
  Time last_asked_{};
};

}  // namespace weir::redis
