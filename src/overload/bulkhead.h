// A bound on how many requests are under way behind one point, with a line in front of it: for a route, for several, or
// for an upstream.
//
// Problem: whoever sends more to a server than it can do at once makes all of it slow; whoever makes requests wait must
// not let them wait for nothing, forget them, or give a place to somebody who has left.
// Idea: a place is taken with one compare-and-swap that does not pass the limit, and given back by a finisher. When
// there is none, the request waits on its own core (line.h); whoever gives a place back lets the next go, on its core
// or, by a message, on the core where the highest class waits, in turns. What is decided is in waiting_rule.h; the
// limit, where nobody has said it, in tuner.h.
//
// Shared across cores: places and those who wait are one atomic each (the limit holds for the machine, exactly); lines
// belong to their cores, and are asked for by mailbox; what the tuner goes by, is in single-writer cells.
//
// Invariants
//   (1) in_flight_ <= the limit in force when the last place was taken.
//   (2) Whoever waits is in one core's line and counted in waiting_; while a place is free and somebody waits, a core
//       is serving its line or has been asked to.
//   (3) A place that was taken is given back exactly once, by its finisher; a tunnel gives its own back as it begins.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "contracts/exchange.h"
#include "contracts/metrics.h"
#include "contracts/shared_states.h"
#include "overload/line.h"
#include "overload/outcome.h"
#include "overload/waiting_rule.h"

namespace weir {

class Bulkhead final : public SharedState, public std::enable_shared_from_this<Bulkhead> {
 public:
  class Core;

  /// What one core counts and anybody reads.
  struct Counts {
    std::array<Cell, priorities> entered;
    std::array<Cell, priorities> refused;  ///< the line was full
    std::array<Cell, priorities> shed;     ///< after they had waited
    Cell queued;
    Cell answered;  // what the tuner goes by, from here on
    Cell failed;
    Cell latency_nanoseconds;
    Cell in_flight;
    Cell waited;
  };

  Bulkhead(std::string name, unsigned cores);
  Bulkhead(const Bulkhead&) = delete;
  Bulkhead& operator=(const Bulkhead&) = delete;
  ~Bulkhead() override;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint32_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t waiting() const { return waiting_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t limit() const { return limit_.load(std::memory_order_relaxed); }
  /// How long an answer takes when nobody waits; zero: not known.
  [[nodiscard]] Duration baseline() const { return Duration{baseline_.load(std::memory_order_relaxed)}; }
  /// Of each core that has been here.
  [[nodiscard]] std::vector<const Counts*> counts() const;

  /// The core's side of it, brought up to a rule when that is the newest seen.
  /// \param generation  later made, higher
  Core& core(Shard& shard, const BulkheadRule& rule, std::uint64_t generation);

  /// The right to a place, or the hope of one. Lives in the exchange's arena.
  class Permit final : public Finisher {
   public:
    explicit Permit(Core& core);
    /// The head of the answer is there, or there will be none: what the tuner goes by.
    void answered(const Result<Answer>& answer);
    void finish(const Exchange& exchange, const Delivery& delivery) override;
    /// It was not to be had. An arena runs no destructors.
    void let_go() { bulkhead_.reset(); }

   private:
    friend class Core;
    void give_back();

    std::shared_ptr<Bulkhead> bulkhead_;  // a tunnel outlives its configuration
    Core* core_;
    Time entered_{};
    bool held_ = false;
  };

  /// What `co_await` of a local `Enter` waits for; ready at once when a place is free, or none is to be had.
  class Enter final : public Suspension, private Line::Waiter {
   public:
    Enter(Core& core, Exchange& exchange, Permit& permit)
        : Waiter(priority_of(exchange)), core_(core), exchange_(exchange), permit_(permit) {}
    Enter(const Enter&) = delete;
    Enter& operator=(const Enter&) = delete;

    bool await_ready();
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
      if (const Error* already = suspend(handle)) {
        canceled_ = *already;
        return false;
      }
      begin_waiting();
      return true;
    }
    /// The last verdict; an error only when it was canceled.
    Result<WaitingVerdict> await_resume() const;

    /// What the first and the last verdict were made from; the same when it did not wait.
    [[nodiscard]] const WaitingFacts& first_facts() const { return first_; }
    [[nodiscard]] const WaitingFacts& facts() const { return facts_; }

   private:
    friend class Bulkhead;
    friend class Core;
    void begin_waiting();
    void cancel(Error why) override;
    void decided(Displacement displaced);

    Core& core_;
    Exchange& exchange_;
    Permit& permit_;
    WaitingFacts first_;
    WaitingFacts facts_;
    std::optional<Error> canceled_;
  };

 private:
  /// \returns  whether a place was free
  bool take_place();
  void give_back(Core& core);
  /// Somebody may go: whoever is first, on whichever core.
  void serve_somebody(Core& here);
  Core* core_to_serve();
  void adopt(const BulkheadRule& rule, std::uint64_t generation);
  void end_window(Time now);
  /// By all cores, since the beginning.
  [[nodiscard]] TunerFacts all_counted() const;

  const std::string name_;
  std::atomic<std::uint32_t> in_flight_{0};
  std::atomic<std::uint32_t> waiting_{0};
  std::atomic<std::uint32_t> limit_{0};
  std::atomic<std::int64_t> baseline_{0};
  std::atomic<std::int64_t> window_ends_{0};  // nanoseconds of Time
  std::atomic<std::uint32_t> turn_{0};
  std::vector<std::atomic<Core*>> cores_;  // by their number; null until the core comes here

  std::mutex tuning_;  // what follows; never waited for by a request
  std::uint64_t generation_ = 0;
  TunerBounds bounds_;
  TunerState tuner_;
  TunerFacts before_;  // all that was counted until the window began
  Time window_began_{};
};

}  // namespace weir
