// The two tables: whether a second try is sent, and whose answer it is.
#include "upstream/hedge.h"

#include "base/fault.h"

namespace weir {

HedgeVerdict decide(const HedgeFacts& facts) {
  if (!facts.other_endpoint) return {false, "no_other_endpoint"};
  if (facts.upload_running) return {false, "still_uploading"};
  if (!facts.body_held) return {false, "body_not_kept"};
  if (facts.attempts_made >= facts.attempts_max) return {false, "attempts_used_up"};
  if (!allows_one_more(facts.budget) && !fault(Fault::hedge_budget_ignored)) return {false, "budget_used_up"};
  return {true, "slower_than_usual"};
}

RaceVerdict decide(const RaceFacts& facts) {
  const auto good = [](const RaceFacts::Lane& lane) { return lane.status != 0 && lane.status < 500; };
  if (good(facts.first)) return {RaceOutcome::first, "answered_first"};
  if (good(facts.second)) return {RaceOutcome::second, "answered_first"};
  if (!facts.first.over || !facts.second.over) return {RaceOutcome::wait, "other_still_tries"};
  if (facts.first.status == 0 && facts.second.status != 0) return {RaceOutcome::second, "only_answer"};
  if (facts.first.status != 0 && facts.second.status == 0) return {RaceOutcome::first, "only_answer"};
  return {RaceOutcome::first, "both_failed"};
}

std::string_view name_of(RaceOutcome outcome) {
  switch (outcome) {
    case RaceOutcome::wait:
      return "waits";
    case RaceOutcome::first:
      return "first";
    case RaceOutcome::second:
      return "second";
  }
  return "waits";
}

}  // namespace weir
