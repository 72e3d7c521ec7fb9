// Swapping the word, counting, and telling.
#include "overload/circuit_breaker.h"

#include <fmt/format.h>

#include "overload/refusal.h"

namespace weir {

// ---- what all cores share ----

Circuit::Core& Circuit::core(unsigned number) {
  invariant(number < cores_.size(), "a circuit knows all cores that serve");
  return cores_[number];
}

BreakerVerdict Circuit::enter(const BreakerRule& rule, Time now, BreakerFacts& facts) {
  facts = {.word = word_.load(std::memory_order_acquire), .now = now};
  while (true) {
    const BreakerVerdict verdict = decide_breaker(rule, facts);
    // Whoever loses a race decides again on what the winner left.
    if (verdict.word == facts.word ||
        word_.compare_exchange_weak(facts.word, verdict.word, std::memory_order_acq_rel)) {
      return verdict;
    }
  }
}

SettleVerdict Circuit::settle(const BreakerRule& rule, unsigned number, SettleFacts& facts) {
  Core& here = core(number);
  const bool bad = facts.outcome == BreakerOutcome::failed || facts.outcome == BreakerOutcome::slow;
  if (facts.outcome != BreakerOutcome::nothing && !facts.probe) {
    const std::uint64_t bucket = bucket_at(rule, facts.now);
    std::atomic<std::uint64_t>& word = here.buckets[bucket % breaker_buckets];
    word.store(counted(word.load(std::memory_order_relaxed), bucket, facts.outcome), std::memory_order_relaxed);
  }
  if (facts.outcome == BreakerOutcome::failed) here.failed.add();
  if (facts.outcome == BreakerOutcome::slow) here.slow.add();
  facts.word = word_.load(std::memory_order_acquire);
  // A good one never opens anything: then nothing is added up.
  if (bad && !facts.probe) facts.counts = counts(rule, facts.phase_since, facts.now);
  if (!bad && !facts.probe) return {.word = facts.word, .reason = {}};
  while (true) {
    const SettleVerdict verdict = settle_breaker(rule, facts);
    if (verdict.word == facts.word) return verdict;
    if (word_.compare_exchange_weak(facts.word, verdict.word, std::memory_order_acq_rel)) {
      if (unpack_breaker(verdict.word).phase == BreakerPhase::open) opened_.fetch_add(1, std::memory_order_relaxed);
      return verdict;
    }
  }
}

OutcomeCounts Circuit::counts(const BreakerRule& rule, Time phase_since, Time now) const {
  OutcomeCounts counts;
  for (const Core& each : cores_) {
    for (const auto& word : each.buckets)
      add_counts(rule, word.load(std::memory_order_relaxed), phase_since, now, counts);
  }
  return counts;
}

// ---- one request ----

Result<CircuitBreaker::Pass*> CircuitBreaker::enter(Exchange& exchange) const {
  const Time now = exchange.shard.reactor.now();
  BreakerFacts facts;
  const BreakerVerdict verdict = circuit_->enter(rule_, now, facts);
  exchange.record({.room = "circuit_breaker",
                   .verdict = verdict.allowed ? "passed" : "refused",
                   .subject = circuit_->name(),
                   .reason = verdict.reason,
                   .place = place_},
                  facts);
  Circuit::Core& core = circuit_->core(exchange.shard.id);
  (verdict.allowed ? core.passed : core.refused).add();
  if (!verdict.allowed) {
    return fail(refusal(exchange, Code::circuit_open,
                        {.by = "circuit_breaker",
                         .subject = circuit_->name(),
                         .reason = verdict.reason,
                         .sentence = "what stands behind this failed too often or was too slow, and is left alone",
                         .wait = verdict.wait}));
  }
  auto* const pass = exchange.arena.make<Pass>(*this, verdict, now);
  exchange.at_end(*pass);
  return pass;
}

SettleVerdict CircuitBreaker::Pass::settle_as(BreakerOutcome outcome, const Shard& shard, SettleFacts& facts) {
  facts = {.word = 0,
           .now = shard.reactor.now(),
           .phase_since = phase_since_,
           .probe = probe_,
           .outcome = outcome,
           .counts = {}};
  return std::exchange(circuit_, nullptr)->settle(rule_, shard.id, facts);
}

void CircuitBreaker::Pass::settle(Exchange& exchange, const Result<Answer>& answer) {
  const Duration latency = exchange.shard.reactor.now() - began_;
  const BreakerOutcome outcome = judge(rule_, outcome_of(answer, latency));
  const std::shared_ptr<Circuit> circuit = circuit_;
  SettleFacts facts;
  const SettleVerdict verdict = settle_as(outcome, exchange.shard, facts);
  if (verdict.reason.empty()) return;
  const BreakerPhase phase = unpack_breaker(verdict.word).phase;
  exchange.record({.room = "circuit_breaker",
                   .verdict = phase == BreakerPhase::open ? "opened" : "closed",
                   .subject = exchange.arena.copy(circuit->name()),
                   .reason = verdict.reason,
                   .place = place_},
                  facts);
  if (exchange.shard.notices == nullptr) return;
  exchange.shard.notices->warning(fmt::format("circuit breaker {}: {}, {} ({} of {} failed, {} slow)", circuit->name(),
                                              phase == BreakerPhase::open ? "opened" : "closed", verdict.reason,
                                              facts.counts.failed, facts.counts.total, facts.counts.slow));
}

void CircuitBreaker::Pass::finish(const Exchange& exchange, const Delivery&) {
  if (circuit_ == nullptr) return;
  SettleFacts facts;
  settle_as(BreakerOutcome::nothing, exchange.shard, facts);
}

}  // namespace weir
