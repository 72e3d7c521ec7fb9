// What a rehearsal must have come to. Thresholds follow from the options in rehearsed_options().
#include <fmt/format.h>

#include <algorithm>

#include "sim/rehearsal.h"

namespace weir::sim {
namespace {

using namespace std::chrono_literals;

// A try that is given up (500 ms), a wait (at most 50 ms), and once more.
constexpr Duration answer_takes_max = 1'200ms;
// Three tries in a row that hang are over after half a second, but tries that a hedge has overtaken tell nothing; then
// it is the checks that know: a pace (1.1 s), two that time out (0.5 s each), and 0.2 s between them.
constexpr Duration left_alone_within = 2'500ms;
// An ejection ends 2 s after it began, the second one 4 s, and a third does not begin within the 4 s of trouble.
constexpr Duration used_again_within = 4'500ms;
constexpr Duration trouble_ends = 4s;
// Within the first interval of a second only failures in a row eject: three, and what is under way meanwhile.
constexpr Duration compared_after = 800ms;
constexpr unsigned extra_percent = 25;  // retries and hedges together

long milliseconds_of(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

void Rehearsal::violation(const char* checker, std::string text) const {
  ledger_.violation(checker, fmt::format("{}: {}", name_of(plan_.rehearsal->mishap), text));
}

void Rehearsal::judge() const {
  const Mishap mishap = plan_.rehearsal->mishap;
  if (mishap == Mishap::errors) return judge_breaker();
  if (mishap == Mishap::crowd) return judge_bulkhead();
  judge_users();
  if (mishap == Mishap::all) return;
  judge_load();
  if (mishap == Mishap::stop || mishap == Mishap::hang) judge_left_alone(left_alone_within, trouble_ends, 0);
  if (mishap == Mishap::half || mishap == Mishap::reset) judge_left_alone(Duration::zero(), compared_after, 10);
  if (mishap != Mishap::names) judge_return();
}

/// Nobody fails when one of three does. When all do, everybody is told soon, and is answered as soon as they are back.
void Rehearsal::judge_users() const {
  const bool all = plan_.rehearsal->mishap == Mishap::all;
  std::size_t failed = 0;
  std::size_t slow = 0;
  std::size_t failed_late = 0;
  for (const Asked& asked : asked_) {
    if (asked.status != 200) ++failed;
    if (asked.ended - asked.due > answer_takes_max) ++slow;
    if (asked.status != 200 && asked.due > ended_ + 300ms) ++failed_late;
  }
  if (!all && failed > 0) violation("users", fmt::format("{} of {} requests failed", failed, asked_.size()));
  if (failed_late > 0) violation("users", fmt::format("{} requests failed when all were back", failed_late));
  if (slow > 0)
    violation("users", fmt::format("{} requests took longer than {} ms", slow, milliseconds_of(answer_takes_max)));
}

void Rehearsal::judge_load() const {
  std::uint64_t arrived = 0;
  for (const RehearsedOrigin* origin : origins_) arrived += origin->arrived;
  const std::uint64_t allowed = asked_.size() * (100 + extra_percent) / 100;
  if (arrived > allowed)
    violation("budget", fmt::format("{} requests reached origins {} times", asked_.size(), arrived));
}

/// Who fails is found out, and is asked no more than `most` times between these moments of its failing.
void Rehearsal::judge_left_alone(Duration from, Duration to, unsigned most) const {
  const RehearsedOrigin& ill = *origins_[plan_.rehearsal->origin];
  const auto late = std::ranges::count_if(ill.arrivals_while_ill,
                                          [&](Time moment) { return moment > began_ + from && moment < began_ + to; });
  if (late > most)
    violation("left alone", fmt::format("{} requests went to who fails, from {} to {} ms after it began to", late,
                                        milliseconds_of(from), milliseconds_of(to)));
}

void Rehearsal::judge_return() const {
  const RehearsedOrigin& ill = *origins_[plan_.rehearsal->origin];
  if (ill.last_arrival < ended_ + used_again_within)
    violation("return", fmt::format("who is well again is not used {} ms later", milliseconds_of(used_again_within)));
}

/// While all fail, few are asked; soon after they are well everybody is answered.
void Rehearsal::judge_breaker() const {
  std::size_t asked_while_open = 0;
  for (const RehearsedOrigin* origin : origins_) {
    asked_while_open += static_cast<std::size_t>(
        std::ranges::count_if(origin->arrivals_while_ill, [&](Time moment) { return moment > began_ + 1s; }));
  }
  // Three seconds hold at most three openings of 1 s, with three probes each.
  if (asked_while_open > 12)
    violation("breaker", fmt::format("{} requests went to origins of which all fail", asked_while_open));
  for (const Asked& asked : asked_) {
    // Open for a second at most when they recover, and half open until three are answered.
    const bool calm_again = asked.due > ended_ + 1'500ms;
    if (asked.status != 200 && (asked.due < began_ - 100ms || calm_again))
      return violation("breaker", fmt::format("a request was refused {} ms after they failed and {} ms after they did "
                                              "no more (status {})",
                                              milliseconds_of(asked.due - began_), milliseconds_of(asked.due - ended_),
                                              asked.status));
  }
}

/// Never more at once than there are places; all places used while there is a line; nobody waits in vain.
void Rehearsal::judge_bulkhead() const {
  constexpr unsigned places = 8;
  constexpr unsigned being_given_up = 3;  // their places are free, and the origin is about to hear of it
  if (in_flight_most_ > places + being_given_up)
    violation("bulkhead", fmt::format("{} requests at once, {} are allowed", in_flight_most_, places));
  std::size_t answered_in_crowd = 0;
  for (const Asked& asked : asked_) {
    if (asked.left) continue;
    const bool crowded = asked.due >= began_ && asked.due < ended_;
    if (crowded && asked.status == 200) ++answered_in_crowd;
    if (asked.ended - asked.due > 400ms)
      return violation("bulkhead", fmt::format("a request waited {} ms", milliseconds_of(asked.ended - asked.due)));
    if (asked.status != 200 && (asked.due < began_ || asked.due > ended_ + 500ms))
      return violation("bulkhead", "a request was refused although there was no crowd");
  }
  // 8 places and 50 ms are 160 a second, over 4 s; less what those use who leave while they are answered.
  const std::size_t possible = 4 * 160;
  if (answered_in_crowd < possible * 80 / 100)
    violation("bulkhead", fmt::format("{} were answered where {} could have been", answered_in_crowd, possible));
}

}  // namespace weir::sim
