// What became of a request behind us, as far as whoever protects what stands there has to know.
//
// Idea: breaker and bulkhead ask the same question of the same facts: the head of the answer or the error, and how long
// that took. What the client did, and what the gateway itself decided, says nothing about those behind it.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "contracts/exchange.h"

namespace weir {

/// From the moment a request was let through to the head of its answer, or to its error.
struct OutcomeFacts {
  Status status = 0;  ///< 0: there was an error
  Error error;
  Duration latency{};
};

inline OutcomeFacts outcome_of(const Result<Answer>& answer, Duration latency) {
  if (answer) return {.status = answer->head.status, .error = {}, .latency = latency};
  return {.status = 0, .error = answer.error(), .latency = latency};
}

/// Nobody waits for it any more, or it never reached those behind us: it says nothing about them.
inline bool says_nothing(const OutcomeFacts& facts) {
  if (facts.status != 0) return false;
  if (facts.error.origin == Origin::upstream) return false;
  switch (facts.error.code) {
    case Code::no_endpoint:
    case Code::circuit_open:
    case Code::queue_full:
    case Code::queue_timeout:
    case Code::request_timeout:
      return false;
    default:
      return true;
  }
}

/// It failed for want of time or room: what more requests at once would make worse.
inline bool was_too_much(const OutcomeFacts& facts) {
  if (facts.status != 0) return facts.status == 503 || facts.status == 504;
  switch (facts.error.code) {
    case Code::connect_timeout:
    case Code::first_byte_timeout:
    case Code::queue_full:
    case Code::queue_timeout:
    case Code::request_timeout:
    case Code::timed_out:
    case Code::upstream_idle_timeout:
    case Code::upstream_overloaded:
      return !says_nothing(facts);
    default:
      return false;
  }
}

}  // namespace weir
