// The table of waiting_rule.h.
#include "overload/waiting_rule.h"

#include <algorithm>

#include "base/fault.h"

namespace weir {

Standing look_at_line(const BulkheadRule& rule, Standing before, Time now, bool empty) {
  if (before.stands) return now - before.since >= rule.interval ? Standing{.stands = false, .since = now} : before;
  if (empty) return {.stands = false, .since = now};
  return now - before.since >= rule.interval ? Standing{.stands = true, .since = now} : before;
}

Duration patience(const BulkheadRule& rule, const Standing& standing, Duration baseline) {
  if (fault(Fault::line_waits_for_ever)) return std::chrono::hours{1};
  if (!standing.stands) return rule.wait;
  return std::min(rule.target.value_or(std::max(target_min, baseline / 2)), rule.wait);
}

WaitingVerdict decide_waiting(const WaitingFacts& facts) {
  if (facts.has_waited) {
    if (facts.displaces == Displacement::by_class) return {WaitingAction::refuse, "shed", "a_higher_class_came"};
    if (facts.displaces == Displacement::by_share)
      return {WaitingAction::refuse, "shed", "its_route_had_most_of_the_line"};
    if (facts.waited < facts.patience) return {WaitingAction::enter, "entered", "its_turn"};
    if (facts.stands) return {WaitingAction::refuse, "shed", "standing_line"};
    return {WaitingAction::refuse, "shed", "waited_too_long"};
  }
  if (facts.waiting == 0 && facts.in_flight < facts.limit) return {WaitingAction::enter, "entered", "place_free"};
  if (facts.waiting < facts.queue) return {WaitingAction::wait, "queued", "all_places_taken"};
  if (facts.displaces == Displacement::by_class) return {WaitingAction::wait, "queued", "before_a_lower_class"};
  if (facts.displaces == Displacement::by_share) return {WaitingAction::wait, "queued", "before_a_longer_line"};
  return {WaitingAction::refuse, "refused", facts.queue == 0 ? "all_places_taken" : "line_full"};
}

}  // namespace weir
