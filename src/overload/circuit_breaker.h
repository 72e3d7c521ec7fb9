// A circuit breaker as requests meet it: in front of a route, or of an upstream.
//
// Idea: what the word and the buckets say is decided by breaker.h; here the facts are gathered, the word is swapped,
// and a pass remembers for one request in which phase it was let through. The state is machine-wide, under a name, and
// outlives reloads; routes whose breakers have the same name share one.
//
// Shared across cores: the word by compare-and-swap, only when it changes; outcomes in single-writer cells.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "contracts/metrics.h"
#include "contracts/shared_states.h"
#include "overload/breaker.h"

namespace weir {

/// What all cores know of one breaker.
class Circuit final : public SharedState, public std::enable_shared_from_this<Circuit> {
 public:
  /// What one core writes and anybody reads.
  struct alignas(64) Core {
    std::array<std::atomic<std::uint64_t>, breaker_buckets> buckets{};
    Cell passed;
    Cell refused;
    Cell failed;
    Cell slow;
  };

  Circuit(std::string name, unsigned cores) : name_(std::move(name)), cores_(cores) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] BreakerState state() const { return unpack_breaker(word_.load(std::memory_order_relaxed)); }
  [[nodiscard]] const std::vector<Core>& cores() const { return cores_; }
  [[nodiscard]] std::uint64_t opened() const { return opened_.load(std::memory_order_relaxed); }

  /// From any core. \param facts  gets what the verdict was made from
  BreakerVerdict enter(const BreakerRule& rule, Time now, BreakerFacts& facts);
  /// \param core  of the caller  \param facts  all but word and counts; gets those
  SettleVerdict settle(const BreakerRule& rule, unsigned core, SettleFacts& facts);
  [[nodiscard]] Core& core(unsigned number);

 private:
  [[nodiscard]] OutcomeCounts counts(const BreakerRule& rule, Time phase_since, Time now) const;

  const std::string name_;
  std::atomic<std::uint64_t> word_{0};
  std::atomic<std::uint64_t> opened_{0};
  std::vector<Core> cores_;
};

/// One use of a circuit, with the rule that its configuration says. Immutable.
class CircuitBreaker {
 public:
  /// One request that was let through. Lives in the exchange's arena; a verdict that never came is given back at its
  /// end.
  class Pass final : public Finisher {
   public:
    Pass(const CircuitBreaker& breaker, const BreakerVerdict& verdict, Time now)
        : circuit_(breaker.circuit_),
          rule_(breaker.rule_),
          place_(breaker.place_),
          phase_since_(unpack_breaker(verdict.word).since),
          began_(now),
          probe_(verdict.probe) {}

    /// The answer's head is there, or there will be none.
    void settle(Exchange& exchange, const Result<Answer>& answer);

   private:
    void finish(const Exchange& exchange, const Delivery& delivery) override;
    SettleVerdict settle_as(BreakerOutcome outcome, const Shard& shard, SettleFacts& facts);

    std::shared_ptr<Circuit> circuit_;  // a tunnel outlives its configuration
    BreakerRule rule_;
    Place place_;
    Time phase_since_;
    Time began_;
    bool probe_;
  };

  CircuitBreaker(std::shared_ptr<Circuit> circuit, const BreakerRule& rule, Place place)
      : circuit_(std::move(circuit)), rule_(rule), place_(place) {}

  /// \errors  circuit_open
  Result<Pass*> enter(Exchange& exchange) const;

  [[nodiscard]] const BreakerRule& rule() const { return rule_; }
  [[nodiscard]] const Circuit& circuit() const { return *circuit_; }

 private:
  std::shared_ptr<Circuit> circuit_;
  BreakerRule rule_;
  Place place_;
};

}  // namespace weir
