// Numbers first, then sentences, then JSON.
#include "app/admin/limits_bounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace weir {
namespace {

using limit::Bound;

/// Numbers as people write them: whole ones without a point, small ones with two digits that say something.
std::string amount(double value) {
  if (value > 0 && value < 0.1) return fmt::format("{:.2g}", value);
  if (value < 10) return fmt::format("{:.10g}", std::round(value * 100) / 100);
  return fmt::format("{:.0f}", value);
}

std::uint64_t whole(double value) {
  return static_cast<std::uint64_t>(std::llround(value));
}

std::string bound_text(const Bound& bound, std::string_view unit = "") {
  return fmt::format("{}{}/s in the mean, {} in the worst second, {} in the worst ten", amount(bound.mean_per_second),
                     unit, amount(bound.worst_second), amount(bound.worst_ten_seconds));
}

/// The larger one, where rules of one name differ.
void take_larger(std::optional<Bound>& bound, const std::optional<Bound>& other) {
  if (!bound || (other && other->worst_second > bound->worst_second)) bound = other;
}

void take_larger(limit::Stated& stated, const limit::Stated& other) {
  take_larger(stated.bound, other.bound);
  take_larger(stated.alone, other.alone);
  stated.in_flight = std::max(stated.in_flight, other.in_flight);
  stated.in_period = std::max(stated.in_period, other.in_period);
  stated.more_of_each_stream = std::max(stated.more_of_each_stream, other.more_of_each_stream);
  stated.forgives = stated.forgives || other.forgives;
}

bool is_same(const limit::RedisTerms& one, const limit::RedisTerms& other) {
  return one.on_error == other.on_error && one.lease == other.lease;
}

std::string_view name_of(limit::OnError on_error) {
  switch (on_error) {
    case limit::OnError::local:
      return "local";
    case limit::OnError::open:
      return "open";
    case limit::OnError::closed:
      return "closed";
  }
  return "";
}

// ---- text ----

/// Under what the bound holds.
std::string terms_of(const Promise& promise) {
  std::string terms{promise.scope};
  if (promise.scope == "fleet") {
    terms += promise.by_owners ? ", while the key's owner answers"
                               : "; traffic grows at most tenfold, from 0.8 of it; more hot keys than there are places "
                                 "are held by each machine alone";
  }
  if (promise.scope == "redis") terms += ", while it answers";
  if (promise.rules > 1) terms += fmt::format("; for each of {} rules that are called so", promise.rules);
  if (promise.stated.forgives) terms += "; what an answer costs beyond its debt is forgiven, on top";
  if (promise.has_bypass) terms += "; beside `bypass`";
  if (promise.some_dry && !promise.all_dry) terms += "; not where it is a dry run";
  return terms;
}

std::string what_text(const Promise& promise) {
  const limit::Stated& stated = promise.stated;
  if (stated.in_flight) {
    return fmt::format("{} at once; how many pass in a second follows from how long they take", *stated.in_flight);
  }
  std::string text = bound_text(*stated.bound, stated.more_of_each_stream > 0 ? " bytes" : "");
  if (stated.more_of_each_stream > 0)
    text += fmt::format(", and {} for each stream whose turn came before its bytes", stated.more_of_each_stream);
  return text;
}

std::string quota_text(const Promise& promise) {
  const std::string_view after =
      !promise.kept   ? ""
      : *promise.kept ? "; killed, it gives out again what it had admitted in the last second and while a write took"
                      : "; nothing of it is kept, so that it begins anew with the process";
  return fmt::format("  {} in a period, and twice that around its end; each machine gives it out{}\n",
                     *promise.stated.in_period, after);
}

std::string redis_text(const limit::RedisTerms& terms) {
  std::string text;
  if (terms.leases > 0) {
    text += fmt::format("  leases add {} for each core of each gateway that leases: {} for this one\n", terms.lease,
                        terms.leases);
  }
  text += fmt::format("  while Redis does not answer (on_error: {}): ", name_of(terms.on_error));
  if (!terms.away) return text + "all pass, there is no bound\n";
  if (terms.on_error == limit::OnError::closed) return text + "nothing passes\n";
  return text + fmt::format("on top, of each gateway: {}\n", bound_text(*terms.away));
}

// ---- JSON ----

void write_bound(JsonWriter& json, std::string_view name, const Bound& bound) {
  json.key(name).begin_object().key("mean_per_second").raw(fmt::format("{:.6g}", bound.mean_per_second));
  json.member("worst_second", whole(bound.worst_second));
  json.member("worst_ten_seconds", whole(bound.worst_ten_seconds)).end_object();
}

void write_redis_terms(JsonWriter& json, const std::vector<limit::RedisTerms>& all) {
  json.key("while_redis_is_away").begin_array();
  for (const limit::RedisTerms& terms : all) {
    json.begin_object().member("on_error", name_of(terms.on_error));
    json.member("leases", terms.leases);
    if (terms.away)
      write_bound(json, "bound_of_this_gateway", *terms.away);
    else
      json.key("bound_of_this_gateway").raw("null");
    json.end_object();
  }
  json.end_array();
}

}  // namespace

void add_promise(Promise& promise, const limit::RuleState& state,
                 const std::vector<std::shared_ptr<limit::RuleTerms>>& terms) {
  promise.scope = state.scope();
  ++promise.rules;
  promise.by_owners = promise.by_owners || state.owned_part() != nullptr;
  if (state.book() != nullptr) promise.kept = promise.kept.value_or(true) && state.book()->is_kept();
  for (const auto& each : terms) {
    take_larger(promise.stated, each->stated);
    promise.all_dry = promise.all_dry && each->dry_run;
    promise.some_dry = promise.some_dry || each->dry_run;
    promise.has_bypass = promise.has_bypass || each->has_bypass;
    if (!each->redis) continue;
    const auto same = [&](const limit::RedisTerms& known) { return is_same(known, *each->redis); };
    if (std::ranges::none_of(promise.redis, same)) promise.redis.push_back(*each->redis);
  }
}

std::string promise_text(const Promise& promise) {
  if (promise.rules == 0) return {};
  if (promise.all_dry) return "  a dry run: nothing is refused, there is no bound\n";
  std::string text = fmt::format("  at most, of a key: {} ({})\n", what_text(promise), terms_of(promise));
  if (promise.stated.in_period) text += quota_text(promise);
  if (promise.stated.alone)
    text += fmt::format("  while nobody answers, all together: {}\n", bound_text(*promise.stated.alone));
  for (const limit::RedisTerms& terms : promise.redis) text += redis_text(terms);
  return text;
}

void write_promise(JsonWriter& json, const Promise& promise) {
  if (promise.rules == 0) return;
  const limit::Stated& stated = promise.stated;
  json.member("scope", promise.scope);
  if (promise.rules > 1) json.member("rules_of_that_name", promise.rules);
  if (promise.some_dry) json.member("dry_run", std::string_view(promise.all_dry ? "everywhere" : "somewhere"));
  if (promise.all_dry) return;
  if (stated.bound) write_bound(json, "bound", *stated.bound);
  if (stated.more_of_each_stream > 0) json.member("bound_is_of", "bytes");
  if (stated.more_of_each_stream > 0) json.member("more_for_each_stream", stated.more_of_each_stream);
  if (stated.in_flight) json.member("in_flight_at_most", *stated.in_flight);
  if (stated.in_period) json.member("in_a_period_at_most", *stated.in_period);
  if (promise.kept) json.member("outlives_the_process", *promise.kept);
  if (stated.alone) write_bound(json, "bound_while_nobody_answers", *stated.alone);
  if (!promise.redis.empty()) write_redis_terms(json, promise.redis);
}

}  // namespace weir
