// May a request that failed be sent again?
//
// Problem: a connection that was idle may have been closed by the upstream a moment before the request left, and a
// server may die or be restarted with the request in its hands; failing then punishes the client for what another
// server could have answered. But a request that may have been carried out must not be carried out twice, an upstream
// that fails must not be asked three times as much, and nobody is helped by an answer that comes after the deadline.
// Idea: one pure function, and the only place that reads error.retry.
//
//   what failed                                    may be tried again
//   nothing was sent (Retry::unsent)               always: on a fresh connection if a reused one failed, else elsewhere
//   a reused connection, before any response       if it may be repeated, at once and on a fresh connection
//   another connection, before any response        if it may be repeated, at another endpoint (`on: reset`)
//   the response did not begin in time             if it may be repeated, at another endpoint (`on: timeout`)
//   a status that is listed in `statuses`          if it may be repeated, at another endpoint or at the same, and
//                                                  nothing of the request is still being sent
//   an answer that was held until it is whole      as if it had not begun (upstream/held_answer.h)
//   anything else                                  never: bytes of an answer were heard, or the client is at fault
//
// and only if the body can be sent from its beginning, an attempt is left, the budget allows one more (of what may have
// reached the upstream), and the wait before it ends before the deadline. What may be repeated are the idempotent
// methods (RFC 9110 section 9.2.2), unless the configuration lists others.
//
// The wait is drawn evenly from zero to a bound that doubles with each attempt ("full jitter"), so that those who
// failed together do not come back together; it is at least what the upstream's Retry-After says. Where nothing was
// sent, or a connection was merely stale, nobody was burdened and nobody waits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "http/status.h"
#include "upstream/extra_load.h"

namespace weir {

/// `upstreams.NAME.retries`
struct RetrySettings {
  unsigned attempts_max = limits::attempts;  ///< the first included
  /// What is tried again; statuses only where somebody says so: an answer is the application's word, and one that says
  /// 503 is not helped by more requests (the default of Envoy, HAProxy and nginx, too).
  bool on_connect = true;
  bool on_reset = true;
  /// Off: what has run into `first_byte` has waited for a minute already, and may be a report that takes so long.
  bool on_timeout = false;
  std::vector<Status> statuses;
  std::vector<std::string> methods;  ///< empty: the idempotent ones
  ByteCount body_bytes_max = limits::replay_bytes;
  ByteCount answer_bytes_max = 0;  ///< of an answer that is held until it is whole (upstream/held_answer.h); 0: none
  Duration back_off_first = std::chrono::milliseconds{25};  ///< bound of the first wait; Envoy's base interval
  Duration back_off_max = std::chrono::milliseconds{250};   ///< of any; ten times the first, as Envoy has it
  /// Longest Retry-After that is waited for; the answer that asks for more is the client's.
  Duration retry_after_max = std::chrono::seconds{1};
  BudgetSettings budget;
};

struct RetryFacts {
  Error error;        ///< of the attempt, where there was no answer; its advice says how much may have been seen
  Status status = 0;  ///< of an answer that is one of `statuses`; 0: there was none
  bool repeatable = false;
  bool on_connect = true;
  bool on_reset = true;
  bool on_timeout = false;
  bool reused_connection = false;
  bool body_replayable = true;  ///< there is none, none of it was read, or all that was read is kept
  bool upload_running = false;  ///< the server answered before it had read the request
  bool other_endpoint = false;  ///< there is one that has not just failed
  unsigned attempts_made = 1;
  unsigned attempts_max = 1;
  BudgetFacts budget{};
  Duration time_left = no_limit;    ///< until the exchange is given up
  Duration retry_after = no_limit;  ///< what the answer asks for; no_limit: nothing
  Duration retry_after_max{};
  Duration back_off_first{};
  Duration back_off_max{};
  std::uint64_t draw = 0;  ///< uniform random bits
};

/// The reason of a retry that was right but for the budget.
inline constexpr std::string_view retry_budget_used_up = "budget_used_up";

enum class RetryAction : std::uint8_t { give_up, fresh_connection, other_endpoint, same_endpoint };

struct RetryVerdict {
  RetryAction action = RetryAction::give_up;
  std::string_view reason;  ///< static
  Duration wait{};          ///< before the next attempt
  bool counted = false;     ///< against the budget
};

/// Pure.
RetryVerdict decide(const RetryFacts& facts);
/// "gave_up", "fresh_connection", "other_endpoint", "same_endpoint".
std::string_view name_of(RetryAction action);

/// Whether a request of this method may be sent to an upstream twice. Pure.
bool may_be_repeated(const RetrySettings& settings, std::string_view method_text, bool idempotent);

}  // namespace weir
