// Where cores leave questions for the member's own core, and find what became of them.
//
// Idea: the one place at which requests of small limits touch another core. A question is left under a lock that is
// held for a push; the core that keeps the exchange is woken once for all that lie there. An answer comes back through
// the mailbox of the core that asked. A request that has gone meanwhile is not looked for.
//
// Invariants
//   (1) At most `left_max` questions lie here; with nobody at work at it none is taken.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "contracts/shared_states.h"
#include "filters/limit/fleet/member.h"
#include "filters/limit/fleet/owning.h"
#include "runtime/mailbox.h"
#include "runtime/reactor.h"

namespace weir::limit::fleet {

/// Where it stands among the shared states.
inline constexpr const char* desk_key = "fleet questions";

class Desk final : public SharedState, public std::enable_shared_from_this<Desk> {
 public:
  using Done = std::move_only_function<void(OwnedSource, const Answer&)>;
  struct Left {
    Question question;
    Done done;  ///< called on the exchange's core, or never; null where nothing is answered
  };
  using Take = std::function<void(std::vector<Left>)>;
  static constexpr std::size_t left_max = 4096;

  // ---- any core ----

  /// \returns  false when nobody works here, or too much lies here
  bool leave(const Question& question, Done done);
  /// Whether this machine belongs to a majority that has this third of the keys.
  [[nodiscard]] bool is_whole(std::uint8_t slot) const { return whole_[slot].load(std::memory_order_relaxed); }

  // ---- the exchange's core ----

  /// \param take  called on this core with all that lies here
  void open(Mailbox& mailbox, Take take);
  void close();
  void allow(std::uint8_t slot, bool whole) { whole_[slot].store(whole, std::memory_order_relaxed); }

 private:
  void deliver();

  std::mutex mutex_;
  Mailbox* mailbox_ = nullptr;
  Take take_;
  std::vector<Left> left_;
  std::array<std::atomic<bool>, slots> whole_{};
};

/// What `co_await AskOwner(reactor, desk, question, longest_wait)` waits for. It is over when `longest_wait` is.
class AskOwner final : public Suspension, private Timer {
 public:
  struct Outcome {
    OwnedSource source = OwnedSource::lost;
    Answer answer;
  };

  AskOwner(Reactor& reactor, Desk& desk, const Question& question, Duration longest_wait)
      : reactor_(reactor), desk_(desk), question_(question), patience_(longest_wait) {}
  AskOwner(const AskOwner&) = delete;
  AskOwner& operator=(const AskOwner&) = delete;

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (const Error* already = suspend(handle)) {
      failure_ = fail(*already);
      return false;
    }
    begin();
    return true;
  }
  /// \errors  canceled
  Result<Outcome> await_resume() {
    if (!failure_) return fail(failure_.error());
    return outcome_;
  }

 private:
  /// What the answer finds; its waiter is touched on his own core only.
  struct Place {
    AskOwner* waiter;
    Mailbox* mailbox;
  };

  void begin();
  void conclude(const Outcome& outcome);
  void fire(Time) override { conclude({.source = OwnedSource::late, .answer = {}}); }
  void cancel(Error why) override;

  Reactor& reactor_;
  Desk& desk_;
  const Question question_;
  const Duration patience_;
  std::shared_ptr<Place> place_;
  Outcome outcome_;
  Result<void> failure_{};
};

}  // namespace weir::limit::fleet
