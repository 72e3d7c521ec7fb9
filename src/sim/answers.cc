// Paths, and the judgement of heads.
#include "sim/answers.h"

#include <fmt/format.h>

#include <charconv>

namespace weir::sim {

using namespace std::chrono_literals;

std::string_view path_of(Target target) {
  switch (target) {
    case Target::local:
      return "/local/";
    case Target::missing:
      return "/missing/";
    case Target::limited:
      return "/limited/";
    case Target::deadline:
      return "/deadline/";
    case Target::tunnel:
      return "/tunnel/";
    case Target::application:
      return "/app/";
    default:
      return "/shop/";
  }
}

Announced check_answer_head(Ledger& ledger, const Story& story, const Head& head) {
  const RequestPlan& plan = story.plan;
  const std::string_view answered = head.get("x-answer");
  const bool ours = !answered.empty();
  if (ours && answered != std::to_string(plan.id)) {
    ledger.violation("order", fmt::format("got the answer to {}; {}", answered, describe(plan)));
    return {.wrong = true};
  }
  if (ours && plan.origin != OriginWay::bad_head && story.status != plan.status && plan.target != Target::tunnel)
    ledger.violation("content", fmt::format("got status {}; {}", story.status, describe(plan)));
  unsigned generation = 0;
  const std::string_view named = head.get("x-generation");
  std::from_chars(named.data(), named.data() + named.size(), generation);
  if (ours && (generation < story.generation_min || generation > ledger.generation_max)) {
    ledger.violation("reload", fmt::format("answered by configuration {}, from {} to {} were in force; {}", generation,
                                           story.generation_min, ledger.generation_max, describe(plan)));
  }
  return {.ours = ours};
}

void check_continue(Ledger& ledger, const Story& story, Time now) {
  if (story.go_on || story.continue_sent == Time{}) return;
  const Circumstances& circumstances = ledger.circumstances;
  if (circumstances.lossy_clients || circumstances.lossy_origins) return;
  if (now - story.continue_sent < 100ms) return;  // it may still be on its way
  ledger.violation("interim", "100 (Continue) was lost; " + describe(story.plan));
}

void note_outcome(Ledger& ledger, Story& story, Outcome outcome, Time now) {
  if (story.outcome != Outcome::waiting) return;
  story.outcome = outcome;
  story.ended = now;
  ledger.say(now, fmt::format("client finds {} {} (status {})", story.plan.id, name_of(outcome), story.status));
}

}  // namespace weir::sim
