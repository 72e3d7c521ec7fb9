// May a request that failed be sent again?
//
// Problem: a connection that was idle may have been closed by the upstream a moment before the request left; failing
// then punishes the client for our saving. But a request that may have been carried out must not be carried out twice.
// Idea: one pure function, and the only place that reads error.retry.
//
//   what failed                                   may be tried again
//   nothing was sent (Retry::unsent)              always: on a fresh connection if a reused one failed, else elsewhere
//   a reused connection, before any response      if the method is idempotent (RFC 9110 section 9.2.2)
//   anything else                                 never: on a fresh connection a close is the upstream's answer
//
// and only if the body can be sent from its beginning and an attempt is left.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace weir {

struct RetryFacts {
  Error error;  ///< of the attempt; its retry advice says how much of the request may have been seen
  bool idempotent = false;
  unsigned attempts_made = 1;
  unsigned attempts_max = 1;
  bool reused_connection = false;
  bool body_replayable = true;  ///< there is none, none of it was read, or all that was read is kept
  bool other_endpoint = false;  ///< there is one that has not just failed
};

enum class RetryAction : std::uint8_t { give_up, fresh_connection, other_endpoint };

struct RetryVerdict {
  RetryAction action = RetryAction::give_up;
  std::string_view reason;  ///< static
};

/// Pure.
RetryVerdict decide(const RetryFacts& facts);
/// "gave_up", "fresh_connection", "other_endpoint".
std::string_view name_of(RetryAction action);

}  // namespace weir
