// Redis' word where there is one, else what on_error says.
#include "filters/limit/redis/decision.h"

namespace weir::limit {
namespace {

std::string_view reason_of_redis(const RedisFacts& facts) {
  if (facts.source == RedisSource::leased) return "within_lease";
  if (facts.source == RedisSource::refused_lately) return "over_limit_lately";
  if (facts.said.admitted) return facts.said.wait > Duration{} ? "waits_for_its_turn" : "within_limit";
  return facts.said.wait == no_limit ? "costs_more_than_there_is" : "over_limit";
}

/// Why Redis did not decide, and who did.
std::string_view reason_of_fallback(RedisSource source, bool local) {
  switch (source) {
    case RedisSource::late:
      return local ? "redis_late_counted_here" : "redis_late";
    case RedisSource::failed:
      return local ? "redis_failed_counted_here" : "redis_failed";
    default:
      return local ? "redis_down_counted_here" : "redis_down";
  }
}

}  // namespace

std::string_view name_of(RedisSource source) {
  switch (source) {
    case RedisSource::answered:
      return "answered";
    case RedisSource::leased:
      return "leased";
    case RedisSource::refused_lately:
      return "refused_lately";
    case RedisSource::late:
      return "late";
    case RedisSource::down:
      return "down";
    case RedisSource::failed:
      return "failed";
  }
  return "";
}

Budget local_budget(Budget budget) {
  if (budget.algorithm == Algorithm::sliding_log) budget.algorithm = Algorithm::sliding_window;
  return budget;
}

RedisVerdict decide_redis(const Budget& local, const RedisFacts& facts) {
  if (redis_decides(facts.source)) {
    return {.verdict = facts.said, .reason = reason_of_redis(facts)};
  }
  RedisVerdict decided{.reason = reason_of_fallback(facts.source, facts.on_error == OnError::local)};
  switch (facts.on_error) {
    case OnError::local:
      decided.verdict = decide_budget(local, facts.state, facts.now, facts.cost);
      break;
    case OnError::open:
      decided.verdict = decide_budget(local, facts.state, facts.now, facts.cost);  // tells what would be left
      decided.verdict.admitted = true;
      decided.verdict.wait = {};
      break;
    case OnError::closed:
      decided.undecidable = true;
      decided.verdict.wait = std::chrono::seconds{1};
      decided.verdict.reset = decided.verdict.wait;  // nobody knows; not at once, at any rate
      break;
  }
  return decided;
}

}  // namespace weir::limit
