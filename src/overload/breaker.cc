// The word, its three phases, and the counting.
#include "overload/breaker.h"

#include "base/fault.h"

namespace weir {
namespace {

// The word: phase 2 bits, trips 4, probing 8, proven 8, milliseconds 42 (139 years).
constexpr unsigned trips_at = 2;
constexpr unsigned probing_at = 6;
constexpr unsigned proven_at = 14;
constexpr unsigned since_at = 22;
constexpr std::uint32_t trips_max = 15;

// A bucket: number 22 bits, and 14 for each of total, failed, slow. A full one is halved, which keeps its shares.
constexpr unsigned count_bits = 14;
constexpr std::uint64_t count_max = (1U << count_bits) - 1;
constexpr std::uint64_t numbers = 1U << 22;

std::uint64_t milliseconds_of(Time time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count()) / 1'000'000;
}
Time whole_milliseconds(Time time) {
  return Time{std::chrono::milliseconds{static_cast<std::int64_t>(milliseconds_of(time))}};
}

std::uint64_t bits(std::uint64_t word, unsigned at, unsigned count) {
  return (word >> at) & ((std::uint64_t{1} << count) - 1);
}

struct Bucket {
  std::uint64_t number = 0;
  OutcomeCounts counts;
};

Bucket unpack_bucket(std::uint64_t word) {
  return {.number = word >> (3 * count_bits),
          .counts = {.total = static_cast<std::uint32_t>(bits(word, 2 * count_bits, count_bits)),
                     .failed = static_cast<std::uint32_t>(bits(word, count_bits, count_bits)),
                     .slow = static_cast<std::uint32_t>(bits(word, 0, count_bits))}};
}

std::uint64_t pack_bucket(const Bucket& bucket) {
  return (bucket.number << (3 * count_bits)) | (std::uint64_t{bucket.counts.total} << (2 * count_bits)) |
         (std::uint64_t{bucket.counts.failed} << count_bits) | bucket.counts.slow;
}

/// How long it stays open: twice as long each time.
Duration open_for(const BreakerRule& rule, std::uint32_t trips) {
  Duration time = rule.open;
  for (std::uint32_t trip = 1; trip < trips && time < rule.open_max; ++trip) time *= 2;
  return std::min(time, std::max(rule.open, rule.open_max));
}

std::uint64_t opened(const BreakerRule& rule, const BreakerState& state, Time now) {
  const std::uint32_t trips = std::min(state.trips + 1, trips_max);
  return pack({.phase = BreakerPhase::open, .trips = trips, .since = now + open_for(rule, trips)});
}

bool reached(std::uint32_t part, std::uint32_t whole, std::uint32_t percent) {
  return std::uint64_t{part} * 100 >= std::uint64_t{whole} * percent;
}

/// Why it should open; empty: it should not.
std::string_view reason_to_open(const BreakerRule& rule, const OutcomeCounts& counts) {
  if (counts.total < rule.minimum || fault(Fault::breaker_never_opens)) return {};
  if (counts.failed > 0 && reached(counts.failed, counts.total, rule.failures_percent)) return "too_many_failed";
  if (rule.slow != no_limit && counts.slow > 0 && reached(counts.slow, counts.total, rule.slow_percent))
    return "too_many_slow";
  return {};
}

BreakerVerdict decide_half_open(const BreakerRule& rule, BreakerState state, Time now) {
  if (state.probing + state.proven < rule.probes || fault(Fault::breaker_admits_all)) {
    ++state.probing;
    return {.allowed = true, .probe = true, .word = pack(state), .reason = "probe", .wait = {}};
  }
  // A probe that hangs tells as much as one that fails.
  if (now - state.since < std::max(rule.open, rule.slow))
    return {.word = pack(state), .reason = "half_open", .wait = std::chrono::seconds{1}};
  const std::uint64_t word = opened(rule, state, now);
  return {.word = word, .reason = "probes_not_answered", .wait = unpack_breaker(word).since - now};
}

SettleVerdict settle_probe(const BreakerRule& rule, BreakerState state, const SettleFacts& facts) {
  const bool given_back = facts.outcome == BreakerOutcome::nothing;
  if (state.probing > 0) --state.probing;
  if (given_back) return {.word = pack(state), .reason = {}};
  if (facts.outcome != BreakerOutcome::good) return {.word = opened(rule, state, facts.now), .reason = "probe_failed"};
  if (fault(Fault::breaker_never_closes)) return {.word = pack(state), .reason = {}};
  if (++state.proven < rule.probes) return {.word = pack(state), .reason = {}};
  return {.word = pack({.phase = BreakerPhase::closed, .since = facts.now}), .reason = "probes_succeeded"};
}

}  // namespace

std::string_view name_of(BreakerPhase phase) {
  switch (phase) {
    case BreakerPhase::closed:
      return "closed";
    case BreakerPhase::open:
      return "open";
    case BreakerPhase::half_open:
      return "half_open";
  }
  return "closed";
}

std::string_view name_of(BreakerOutcome outcome) {
  switch (outcome) {
    case BreakerOutcome::nothing:
      return "nothing";
    case BreakerOutcome::good:
      return "good";
    case BreakerOutcome::failed:
      return "failed";
    case BreakerOutcome::slow:
      return "slow";
  }
  return "nothing";
}

std::uint64_t pack(const BreakerState& state) {
  return static_cast<std::uint64_t>(state.phase) | (std::uint64_t{state.trips} << trips_at) |
         (std::uint64_t{state.probing} << probing_at) | (std::uint64_t{state.proven} << proven_at) |
         (milliseconds_of(state.since) << since_at);
}

BreakerState unpack_breaker(std::uint64_t word) {
  return {.phase = static_cast<BreakerPhase>(bits(word, 0, trips_at)),
          .trips = static_cast<std::uint32_t>(bits(word, trips_at, probing_at - trips_at)),
          .probing = static_cast<std::uint32_t>(bits(word, probing_at, proven_at - probing_at)),
          .proven = static_cast<std::uint32_t>(bits(word, proven_at, since_at - proven_at)),
          .since = Time{std::chrono::milliseconds{static_cast<std::int64_t>(word >> since_at)}}};
}

BreakerVerdict decide_breaker(const BreakerRule& rule, const BreakerFacts& facts) {
  const BreakerState state = unpack_breaker(facts.word);
  switch (state.phase) {
    case BreakerPhase::closed:
      return {.allowed = true, .word = facts.word, .reason = "closed", .wait = {}};
    case BreakerPhase::open:
      if (facts.now < state.since) return {.word = facts.word, .reason = "open", .wait = state.since - facts.now};
      return decide_half_open(rule, {.phase = BreakerPhase::half_open, .trips = state.trips, .since = facts.now},
                              facts.now);
    case BreakerPhase::half_open:
      return decide_half_open(rule, state, facts.now);
  }
  return {};
}

BreakerOutcome judge(const BreakerRule& rule, const OutcomeFacts& facts) {
  const bool slow = rule.slow != no_limit && facts.latency >= rule.slow;
  // A client that leaves because it waited too long has told as much as an answer that comes too late.
  if (says_nothing(facts)) return slow ? BreakerOutcome::slow : BreakerOutcome::nothing;
  if (facts.status == 0) return BreakerOutcome::failed;
  for (std::size_t at = 0; at < failure_statuses.size(); ++at) {
    if (failure_statuses[at] == facts.status && (rule.statuses >> at & 1U) != 0) return BreakerOutcome::failed;
  }
  return slow ? BreakerOutcome::slow : BreakerOutcome::good;
}

SettleVerdict settle_breaker(const BreakerRule& rule, const SettleFacts& facts) {
  const BreakerState state = unpack_breaker(facts.word);
  const SettleVerdict unchanged{.word = facts.word, .reason = {}};
  if (state.since != whole_milliseconds(facts.phase_since)) return unchanged;  // of an earlier phase
  if (facts.probe) return state.phase == BreakerPhase::half_open ? settle_probe(rule, state, facts) : unchanged;
  if (state.phase != BreakerPhase::closed) return unchanged;
  const std::string_view reason = reason_to_open(rule, facts.counts);
  if (reason.empty()) return unchanged;
  return {.word = opened(rule, state, facts.now), .reason = reason};
}

std::uint64_t bucket_at(const BreakerRule& rule, Time now) {
  const auto part = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rule.window.count()) / breaker_buckets);
  return static_cast<std::uint64_t>(now.time_since_epoch().count()) / part;
}

std::uint64_t counted(std::uint64_t word, std::uint64_t bucket, BreakerOutcome outcome) {
  Bucket here = unpack_bucket(word);
  if (here.number != bucket % numbers) here = {.number = bucket % numbers, .counts = {}};
  OutcomeCounts& counts = here.counts;
  if (counts.total == count_max)
    counts = {.total = counts.total / 2, .failed = counts.failed / 2, .slow = counts.slow / 2};
  ++counts.total;
  if (outcome == BreakerOutcome::failed) ++counts.failed;
  if (outcome == BreakerOutcome::slow) ++counts.slow;
  return pack_bucket(here);
}

void add_counts(const BreakerRule& rule, std::uint64_t word, Time phase_since, Time now, OutcomeCounts& counts) {
  const Bucket bucket = unpack_bucket(word);
  const std::uint64_t current = bucket_at(rule, now);
  const std::uint64_t age = (current - bucket.number) % numbers;
  // What was counted in the part in which a breaker closed may be from before.
  const bool from_before = phase_since != Time{} && current - age <= bucket_at(rule, phase_since);
  if (age >= breaker_buckets || from_before) return;
  counts.total += bucket.counts.total;
  counts.failed += bucket.counts.failed;
  counts.slow += bucket.counts.slow;
}

}  // namespace weir
