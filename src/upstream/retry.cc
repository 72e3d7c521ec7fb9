// The table of retry.h, from the hardest reason downwards.
#include "upstream/retry.h"

#include <algorithm>

#include "base/fault.h"

namespace weir {
namespace {

/// What a try came to, as far as the rules tell cases apart.
enum class Fate : std::uint8_t { final, unsent, stale, reset, timeout, status };

Fate fate_of(const RetryFacts& facts) {
  if (facts.status != 0) return Fate::status;
  if (facts.error.retry == Retry::never) return Fate::final;
  if (facts.error.retry == Retry::unsent) return Fate::unsent;
  const Code code = facts.error.code;
  if (code == Code::first_byte_timeout || code == Code::attempt_timeout) return Fate::timeout;
  return facts.reused_connection ? Fate::stale : Fate::reset;
}

/// Whether the configuration wants to try again after this. Whoever sets a limit for a try wants another one.
bool asked_for(const RetryFacts& facts, Fate fate) {
  switch (fate) {
    case Fate::unsent:
      return facts.on_connect || facts.reused_connection;
    case Fate::reset:
      return facts.on_reset;
    case Fate::timeout:
      return facts.on_timeout || facts.error.code == Code::attempt_timeout;
    default:
      return true;
  }
}

/// Evenly from zero to a bound that doubles with each attempt made.
Duration jittered(const RetryFacts& facts) {
  Duration bound = facts.back_off_first;
  for (unsigned made = 1; made < facts.attempts_made && bound < facts.back_off_max; ++made) bound *= 2;
  bound = std::clamp(bound, Duration::zero(), std::max(facts.back_off_max, Duration::zero()));
  return Duration{static_cast<Duration::rep>(facts.draw % (static_cast<std::uint64_t>(bound.count()) + 1))};
}

RetryVerdict give_up(std::string_view reason) {
  return {.action = RetryAction::give_up, .reason = reason};
}

/// Where to, when nothing speaks against it.
RetryVerdict somewhere(const RetryFacts& facts, Fate fate) {
  const bool at_once = fate == Fate::unsent || fate == Fate::stale;
  RetryVerdict verdict{.counted = fate != Fate::unsent};
  if (!at_once) verdict.wait = jittered(facts);
  if (fate == Fate::status) verdict.wait = std::max(verdict.wait, facts.retry_after);
  // A reused connection that failed says nothing of the endpoint.
  if (fate == Fate::stale || (fate == Fate::unsent && facts.reused_connection)) {
    verdict.action = RetryAction::fresh_connection;
    verdict.reason = "stale_connection";
    return verdict;
  }
  verdict.action = facts.other_endpoint ? RetryAction::other_endpoint : RetryAction::same_endpoint;
  static constexpr std::string_view reasons[] = {"", "unsent", "", "connection_failed", "took_too_long", "status"};
  verdict.reason = reasons[static_cast<std::size_t>(fate)];
  // Only who answered may be asked again: one that cannot be reached, or broke down over this request, is left alone.
  if (!facts.other_endpoint && fate != Fate::status) return give_up("no_other_endpoint");
  return verdict;
}

}  // namespace

RetryVerdict decide(const RetryFacts& facts) {
  const Fate fate = fate_of(facts);
  if (fate == Fate::final) return give_up("not_retryable");
  const bool safe = fate == Fate::unsent || facts.repeatable || fault(Fault::unsafe_retry);
  if (!safe) return give_up("not_idempotent");
  if (!asked_for(facts, fate)) return give_up("not_asked_for");
  if (!facts.body_replayable) return give_up("body_not_kept");
  if (fate == Fate::status && facts.upload_running) return give_up("upload_running");
  if (facts.attempts_made >= facts.attempts_max) return give_up("attempts_used_up");
  if (fate == Fate::status && facts.retry_after > facts.retry_after_max) return give_up("asked_to_stay_away");
  const RetryVerdict verdict = somewhere(facts, fate);
  if (verdict.action == RetryAction::give_up) return verdict;
  const bool allowed = !verdict.counted || allows_one_more(facts.budget) || fault(Fault::retry_budget_ignored);
  if (!allowed) return give_up(retry_budget_used_up);
  if (facts.time_left >= Duration::zero() && verdict.wait >= facts.time_left) return give_up("no_time_left");
  return verdict;
}

std::string_view name_of(RetryAction action) {
  switch (action) {
    case RetryAction::give_up:
      return "gave_up";
    case RetryAction::fresh_connection:
      return "fresh_connection";
    case RetryAction::other_endpoint:
      return "other_endpoint";
    case RetryAction::same_endpoint:
      return "same_endpoint";
  }
  return "gave_up";
}

bool may_be_repeated(const RetrySettings& settings, std::string_view method_text, bool idempotent) {
  if (settings.methods.empty()) return idempotent;
  return std::ranges::find(settings.methods, method_text) != settings.methods.end();
}

}  // namespace weir
