// The table of retry.h, from the hardest reason downwards.
#include "upstream/retry.h"

#include "base/fault.h"

namespace weir {

RetryVerdict decide(const RetryFacts& facts) {
  const bool unsent = facts.error.retry == Retry::unsent;
  if (facts.error.retry == Retry::never) return {RetryAction::give_up, "not_retryable"};
  if (!unsent && !facts.reused_connection) return {RetryAction::give_up, "fresh_connection_failed"};
  if (!unsent && !facts.idempotent && !fault(Fault::unsafe_retry)) return {RetryAction::give_up, "not_idempotent"};
  if (!facts.body_replayable) return {RetryAction::give_up, "body_not_kept"};
  if (facts.attempts_made >= facts.attempts_max) return {RetryAction::give_up, "attempts_used_up"};
  if (facts.reused_connection) return {RetryAction::fresh_connection, "stale_connection"};
  if (facts.other_endpoint) return {RetryAction::other_endpoint, "unsent"};
  return {RetryAction::give_up, "no_other_endpoint"};
}

std::string_view name_of(RetryAction action) {
  switch (action) {
    case RetryAction::give_up:
      return "gave_up";
    case RetryAction::fresh_connection:
      return "fresh_connection";
    case RetryAction::other_endpoint:
      return "other_endpoint";
  }
  return "gave_up";
}

}  // namespace weir
