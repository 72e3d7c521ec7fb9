// The retry table, row by row.
#include "upstream/retry.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

Error failed(Retry advice) {
  return upstream_error(Code::peer_reset).with(advice);
}

TEST(Retry, table) {
  struct Row {
    RetryFacts facts;
    RetryAction action;
    std::string_view reason;
  };
  const Row rows[] = {
      // A stale connection.
      {{.error = failed(Retry::idempotent), .idempotent = true, .attempts_max = 3, .reused_connection = true},
       RetryAction::fresh_connection,
       "stale_connection"},
      {{.error = failed(Retry::idempotent), .idempotent = false, .attempts_max = 3, .reused_connection = true},
       RetryAction::give_up,
       "not_idempotent"},
      {{.error = failed(Retry::unsent), .idempotent = false, .attempts_max = 3, .reused_connection = true},
       RetryAction::fresh_connection,
       "stale_connection"},
      // A fresh one that was closed: the upstream's answer.
      {{.error = failed(Retry::idempotent), .idempotent = true, .attempts_max = 3, .other_endpoint = true},
       RetryAction::give_up,
       "fresh_connection_failed"},
      // A byte of the answer was seen.
      {{.error = failed(Retry::never), .idempotent = true, .attempts_max = 3, .reused_connection = true},
       RetryAction::give_up,
       "not_retryable"},
      // It could not connect: elsewhere, if there is an elsewhere.
      {{.error = failed(Retry::unsent), .idempotent = false, .attempts_max = 3, .other_endpoint = true},
       RetryAction::other_endpoint,
       "unsent"},
      {{.error = failed(Retry::unsent), .idempotent = true, .attempts_max = 3},
       RetryAction::give_up,
       "no_other_endpoint"},
      // The body is gone, or the attempts are.
      {{.error = failed(Retry::unsent), .attempts_max = 3, .body_replayable = false, .other_endpoint = true},
       RetryAction::give_up,
       "body_not_kept"},
      {{.error = failed(Retry::unsent), .attempts_made = 3, .attempts_max = 3, .other_endpoint = true},
       RetryAction::give_up,
       "attempts_used_up"},
  };
  for (const Row& row : rows) {
    const RetryVerdict verdict = decide(row.facts);
    EXPECT_EQ(verdict.action, row.action) << row.reason;
    EXPECT_EQ(verdict.reason, row.reason);
  }
}

}  // namespace
}  // namespace weir
