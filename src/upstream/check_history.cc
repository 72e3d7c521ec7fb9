// The two thresholds, and the pace.
#include "upstream/check_history.h"

#include <algorithm>

namespace weir {

CheckVerdict decide(const CheckHistory& history, bool passed, std::uint32_t up_after, std::uint32_t down_after) {
  if (history.state == CheckState::unchecked && passed) {
    return {.next = {.state = CheckState::up}, .changed = true, .reason = "first_check_passed"};
  }
  const bool agrees = passed == (history.state == CheckState::up);
  // An endpoint nobody knows yet is given the benefit of the doubt: it goes down as one that was up.
  if (agrees && history.state != CheckState::unchecked) {
    return {.next = {.state = history.state}, .reason = passed ? "still_up" : "still_down"};
  }
  const std::uint32_t against = history.against + 1;
  if (against < (passed ? up_after : down_after)) {
    return {.next = {.state = history.state, .against = against}, .reason = passed ? "not_yet_up" : "not_yet_down"};
  }
  return {.next = {.state = passed ? CheckState::up : CheckState::down},
          .changed = true,
          .reason = passed ? "checks_passed" : "checks_failed"};
}

Duration next_check_after(const CheckHistory& history, const CheckRules& rules, std::uint64_t draw) {
  const Duration pace = history.against > 0 ? std::min(rules.retry_every, rules.every) : rules.every;
  constexpr std::uint64_t steps = 2001;  // thousandths of a tenth, either way
  const auto step = static_cast<std::int64_t>(draw % steps) - 1000;
  return pace + pace / 10'000 * step;
}

}  // namespace weir
