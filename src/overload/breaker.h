// When to stop asking those who fail, and how to find out that they have recovered.
//
// Problem: requests to servers that fail or have become slow hold connections and memory for nothing, and keep the
// servers from recovering. But whoever stops asking never learns that they are back.
// Idea: the circuit breaker (Nygard, Release It!, 2007). Closed, all pass and outcomes are counted; when too many of
// the last ones failed, or were slow, it opens and refuses at once; after a while it is half open: a few probes pass,
// and what becomes of them closes it or opens it again for twice as long.
//
//                      too many failed or slow
//            closed ----------------------------> open <-----------.
//              ^                                    | time is over  | a probe failed, was slow,
//              |   as many probes succeeded         v               | or is not answered
//              '------------------------------ half open -----------'
//
// All of it is one word of 64 bits, so that all cores share it with one compare-and-swap, and only when it changes: a
// closed breaker is read and not written. Outcomes are counted by each core for itself in words of the same kind, one
// for each tenth of the window; whoever sees a bad one adds them up. Everything here is pure.
//
// Invariants
//   (1) Half open, never more than `probes` requests are under way that were let through since it became so.
//   (2) An outcome counts for the phase in which its request was let through, or not at all.
//   (3) A probe that ends without a verdict (its client left) gives its place back.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "overload/outcome.h"

namespace weir {

struct BreakerRule {
  std::uint32_t failures_percent = 50;  ///< of the requests in the window: that many failed
  Duration slow = no_limit;             ///< an answer's head that takes so long is slow; no_limit: none is
  std::uint32_t slow_percent = 50;
  std::uint32_t minimum = 20;  ///< requests in the window below which it never opens
  Duration window = std::chrono::seconds{10};
  Duration open = std::chrono::seconds{5};
  Duration open_max = std::chrono::minutes{1};
  std::uint32_t probes = 3;
  /// Statuses of answers that are failures.
  std::uint32_t statuses = 0;  ///< bits of failure_statuses
};

/// The statuses that a rule may count as failures, by their bit.
inline constexpr std::array<Status, 8> failure_statuses{500, 501, 502, 503, 504, 505, 507, 508};

enum class BreakerPhase : std::uint8_t { closed, open, half_open };
std::string_view name_of(BreakerPhase phase);
constexpr std::size_t index_of(BreakerPhase phase) {
  return static_cast<std::size_t>(phase);
}

/// What the word says. Times are whole milliseconds.
struct BreakerState {
  BreakerPhase phase = BreakerPhase::closed;
  std::uint32_t trips = 0;    ///< times it opened since it was last closed, up to 15
  std::uint32_t probing = 0;  ///< half open: probes under way,
  std::uint32_t proven = 0;   ///< and probes that succeeded
  Time since{};               ///< closed and half open: when it became so; open: until when

  friend bool operator==(const BreakerState&, const BreakerState&) = default;
};
std::uint64_t pack(const BreakerState& state);
BreakerState unpack_breaker(std::uint64_t word);

// ---- a request comes ----

struct BreakerFacts {
  std::uint64_t word = 0;
  Time now{};
};

struct BreakerVerdict {
  bool allowed = false;
  bool probe = false;
  std::uint64_t word = 0;   ///< from now on
  std::string_view reason;  ///< static
  Duration wait{};          ///< refused: until it may be worth trying again
};
BreakerVerdict decide_breaker(const BreakerRule& rule, const BreakerFacts& facts);

// ---- a request ends ----

enum class BreakerOutcome : std::uint8_t { nothing, good, failed, slow };
std::string_view name_of(BreakerOutcome outcome);
BreakerOutcome judge(const BreakerRule& rule, const OutcomeFacts& facts);

/// What was counted in the window.
struct OutcomeCounts {
  std::uint32_t total = 0;
  std::uint32_t failed = 0;
  std::uint32_t slow = 0;
};

struct SettleFacts {
  std::uint64_t word = 0;
  Time now{};
  Time phase_since{};  ///< of the phase in which the request was let through
  bool probe = false;
  BreakerOutcome outcome = BreakerOutcome::nothing;
  OutcomeCounts counts;  ///< with this one
};

struct SettleVerdict {
  std::uint64_t word = 0;
  std::string_view reason;  ///< static; empty when nothing changed that anybody would want to know
};
SettleVerdict settle_breaker(const BreakerRule& rule, const SettleFacts& facts);

// ---- counting ----

/// Parts of a window; what is older than ten of them is forgotten.
inline constexpr std::size_t breaker_buckets = 10;
using BreakerBuckets = std::array<std::uint64_t, breaker_buckets>;

/// The number of the part of the window that a moment lies in.
std::uint64_t bucket_at(const BreakerRule& rule, Time now);
/// The word of a bucket with one outcome more; begun anew when it is another part's.
std::uint64_t counted(std::uint64_t word, std::uint64_t bucket, BreakerOutcome outcome);
/// Adds a bucket's counts, if it is younger than the window and than the phase.
void add_counts(const BreakerRule& rule, std::uint64_t word, Time phase_since, Time now, OutcomeCounts& counts);

}  // namespace weir
