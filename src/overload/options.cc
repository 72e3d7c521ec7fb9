// The declarations, and the rules between options.
#include "overload/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "http/characters.h"

namespace weir {

bool OptionType<ConcurrencyLimit>::read(const Node& node, const Reading& at, ConcurrencyLimit& out) {
  if (node.is_scalar() && !node.quoted() && node.text() == "adaptive") {
    out.fixed.reset();
    return true;
  }
  std::uint32_t number = 0;
  if (!OptionType<std::uint32_t>::read(node, at, number)) return false;
  if (number == 0) return at.error(node, "no request at once lets nothing through", "write 20, or adaptive");
  out.fixed = number;
  return true;
}

std::string OptionType<ConcurrencyLimit>::shown(const ConcurrencyLimit& value) {
  return value.fixed ? std::to_string(*value.fixed) : "adaptive";
}

namespace {

std::string complaint_about_name(const std::string& name) {
  const bool good = name.size() <= limits::limit_name_bytes && std::ranges::all_of(name, [](char c) {
                      return (characters::is_visible(c) || c == ' ') && c != '"' && c != '\\';
                    });
  return good ? ""
              : fmt::format("is no name for logs and metrics; write up to {} visible ASCII characters without quotes",
                            limits::limit_name_bytes);
}

/// A member of the rule that the options are.
template <typename Options, typename Rule, typename M>
constexpr M Options::* member_of(M Rule::* member) {
  return member;
}

bool check_breaker(const Node& node, const Reading& reading, CircuitBreakerOptions& options) {
  options.place = node.place();
  options.statuses = 0;
  for (const Status status : options.failure_statuses) {
    const auto* const found = std::ranges::find(failure_statuses, status);
    if (found == failure_statuses.end()) {
      return reading.member("statuses")
          .error(*node.find("statuses"), fmt::format("{} is no status of a server that fails", status),
                 "write some of 500, 501, 502, 503, 504, 505, 507, 508");
    }
    options.statuses |= 1U << (found - failure_statuses.begin());
  }
  if (options.open_max >= options.open) return true;
  return reading.error(node, "open_max is shorter than open", "write open_max: 1m");
}

bool check_concurrency(const Node& node, const Reading& reading, ConcurrencyOptions& options) {
  options.place = node.place();
  options.bounds = {.minimum = options.minimum, .maximum = options.maximum, .initial = options.initial};
  if (options.limit.fixed) {
    for (const std::string_view other : {"minimum", "maximum", "initial"}) {
      const Node::Member* const written = node.find_member(other);
      if (written == nullptr) continue;
      return reading.error(written->place, fmt::format("`{}` has no meaning beside a fixed limit", other),
                           "write limit: adaptive, or leave it out");
    }
    options.bounds = {
        .minimum = *options.limit.fixed, .maximum = *options.limit.fixed, .initial = *options.limit.fixed};
  }
  TunerBounds& bounds = options.bounds;
  if (bounds.minimum > bounds.maximum)
    return reading.error(node, fmt::format("minimum {} is more than maximum {}", bounds.minimum, bounds.maximum));
  bounds.initial = std::clamp(bounds.initial, bounds.minimum, bounds.maximum);
  if (!options.target || *options.target <= options.wait) return true;
  return reading.error(node, "target is longer than wait", "target is for a line that is never empty: write 10ms");
}

std::string complaint_about_target(const std::optional<Duration>& target) {
  return !target || *target >= std::chrono::milliseconds{1} ? "" : "is too short; write 1ms or more, or leave it out";
}

constexpr Duration millisecond = std::chrono::milliseconds{1};
constexpr Duration hour = std::chrono::hours{1};

}  // namespace

const Schema<CircuitBreakerOptions>& CircuitBreakerOptions::schema() {
  using Options = CircuitBreakerOptions;
  using Rule = BreakerRule;
  static const auto schema =
      Schema<Options>("circuit_breaker",
                      "Stops asking those who fail or have become slow, and finds out when they have recovered; "
                      "refuses with 503 and Retry-After.")
          .option("name", &Options::name,
                  {.doc = "By which logs and metrics know it; whoever writes the same name shares it. Without one it "
                          "is called by its place.",
                   .example = "shop",
                   .complaint = &complaint_about_name})
          .option("failures_percent", member_of<Options>(&Rule::failures_percent),
                  {.doc = "It opens when so many of the last requests failed: without an answer, or with one of "
                          "`statuses`.",
                   .example = "30",
                   .minimum = 1,
                   .maximum = 100})
          .option("statuses", &Options::failure_statuses,
                  {.doc = "Statuses of answers that are failures.", .example = "[502, 503, 504]"})
          .option("slow", member_of<Options>(&Rule::slow),
                  {.doc = "An answer whose head takes so long is slow; none: no answer is.",
                   .example = "2s",
                   .minimum = millisecond})
          .option("slow_percent", member_of<Options>(&Rule::slow_percent),
                  {.doc = "It opens when so many of the last requests were slow.",
                   .example = "80",
                   .minimum = 1,
                   .maximum = 100})
          .option("minimum", member_of<Options>(&Rule::minimum),
                  {.doc = "It never opens while fewer requests than this were counted in the window: one failure of "
                          "two is no trend.",
                   .example = "50",
                   .minimum = 1,
                   .maximum = 16'000})
          .option(
              "window", member_of<Options>(&Rule::window),
              {.doc = "How long an outcome counts.", .example = "30s", .minimum = 100 * millisecond, .maximum = hour})
          .option("open", member_of<Options>(&Rule::open),
                  {.doc = "How long it stays open before it is tried whether they have recovered; twice as long after "
                          "each attempt that fails.",
                   .example = "10s",
                   .minimum = 10 * millisecond,
                   .maximum = hour})
          .option(
              "open_max", member_of<Options>(&Rule::open_max),
              {.doc = "How long it stays open at most.", .example = "5m", .minimum = 10 * millisecond, .maximum = hour})
          .option("probes", member_of<Options>(&Rule::probes),
                  {.doc = "Requests that are let through to try, and that must succeed to close it.",
                   .example = "5",
                   .minimum = 1,
                   .maximum = 100})
          .check(&check_breaker);
  return schema;
}

const Schema<ConcurrencyOptions>& ConcurrencyOptions::schema() {
  using Options = ConcurrencyOptions;
  using Rule = BulkheadRule;
  static const auto schema =
      Schema<Options>("concurrency",
                      "Bounds how many requests are answered at once, and lets others wait for a place in a line that "
                      "is fair over routes; refuses with 503 and Retry-After. Short: `concurrency: 20`.")
          .option("limit", &Options::limit,
                  {.doc = "Requests at once, on all cores together; adaptive finds out how many keep those behind it "
                          "busy.",
                   .example = "20"})
          .option("name", &Options::name,
                  {.doc = "By which logs and metrics know it; whoever writes the same name shares its places. Without "
                          "one it is called by its place.",
                   .example = "shop",
                   .complaint = &complaint_about_name})
          .option("queue", member_of<Options>(&Rule::queue),
                  {.doc = "Requests that may wait for a place; 0: whoever finds none is refused at once.",
                   .example = "500",
                   .maximum = 100'000})
          .option("wait", member_of<Options>(&Rule::wait),
                  {.doc = "How long one waits for a place at most, in a burst.",
                   .example = "500ms",
                   .minimum = millisecond,
                   .maximum = hour})
          .option("interval", member_of<Options>(&Rule::interval),
                  {.doc = "A line that was not empty for so long is no burst: from then on nobody waits longer than "
                          "`target`, and the newest goes first.",
                   .example = "200ms",
                   .minimum = 10 * millisecond,
                   .maximum = hour})
          .option("target", member_of<Options>(&Rule::target),
                  {.doc = "How long one waits in a line that is never empty; not written: half of what an answer "
                          "takes, at least 5ms.",
                   .example = "10ms",
                   .complaint = &complaint_about_target})
          .option("retry_after", member_of<Options>(&Rule::retry_after),
                  {.doc = "What those who are refused are told, in whole seconds.",
                   .example = "5s",
                   .minimum = 1000 * millisecond,
                   .maximum = hour})
          .option("minimum", &Options::minimum,
                  {.doc = "For adaptive: the limit is never lower.", .example = "8", .minimum = 1, .maximum = 100'000})
          .option(
              "maximum", &Options::maximum,
              {.doc = "For adaptive: the limit is never higher.", .example = "200", .minimum = 1, .maximum = 100'000})
          .option("initial", &Options::initial,
                  {.doc = "For adaptive: where it begins.", .example = "50", .minimum = 1, .maximum = 100'000})
          .shorthand("limit")
          .check(&check_concurrency);
  return schema;
}

namespace {

template <typename State>
std::shared_ptr<State> state_of(std::string_view kind, const std::string& name, const std::string& otherwise,
                                BuildContext& context) {
  const std::string& known_as = name.empty() ? otherwise : name;
  const auto make = [&] { return std::make_shared<State>(known_as, context.cores); };
  if (context.shared_states == nullptr) return make();
  return context.shared_states->find_or_make<State>(fmt::format("{} {}", kind, known_as), make);
}

}  // namespace

CircuitBreaker make_circuit_breaker(const CircuitBreakerOptions& options, const std::string& otherwise,
                                    BuildContext& context) {
  return {state_of<Circuit>("circuit_breaker", options.name, otherwise, context), options, options.place};
}

BulkheadUse make_bulkhead(const ConcurrencyOptions& options, const std::string& otherwise, BuildContext& context) {
  return {state_of<Bulkhead>("concurrency", options.name, otherwise, context), options, options.place};
}

std::string described(const BreakerRule& rule) {
  std::string text = fmt::format("opens for {} when {} % of at least {} requests in {} fail", option::shown(rule.open),
                                 rule.failures_percent, rule.minimum, option::shown(rule.window));
  if (rule.slow != no_limit)
    text += fmt::format(", or {} % take {} and longer", rule.slow_percent, option::shown(rule.slow));
  return text;
}

std::string described(const BulkheadRule& rule) {
  const TunerBounds& bounds = rule.bounds;
  const std::string limit = bounds.minimum == bounds.maximum
                                ? std::to_string(bounds.maximum)
                                : fmt::format("{} to {}, as many as pay,", bounds.minimum, bounds.maximum);
  return fmt::format("lets {} be answered at once, {} wait for up to {}", limit, rule.queue, option::shown(rule.wait));
}

}  // namespace weir
