// A kind of check stands among the options under its own name, as a route's service does; so the kinds that there are
// become options of this schema.
#include "app/config/health.h"

#include <fmt/format.h>

#include "app/catalog.h"
#include "base/text.h"

namespace weir::config {
namespace {

constexpr Duration shortest = std::chrono::milliseconds{1};
/// More often than this a check is load.
constexpr Duration shortest_period = std::chrono::milliseconds{100};

bool take_check(const HealthCheckKind& kind, const Node& options, const Reading& reading, HealthDocument& out) {
  if (!out.check.name.empty()) {
    return reading.error(options, fmt::format("two checks, {} and {}", out.check.name, kind.name),
                         "an upstream has exactly one");
  }
  out.check = {.name = std::string(kind.name), .options = options, .place = options.place(), .path = reading.path()};
  return true;
}

/// `health: tcp`
bool read_name(const Node& node, const Reading& reading, HealthDocument& out) {
  std::vector<std::string_view> names;
  for (const HealthCheckKind* kind : health_check_kinds()) names.push_back(kind->name);
  std::size_t index = 0;
  if (!option::read_word(node, reading, names, index)) return false;
  return take_check(*health_check_kinds()[index], Node::null(node.place()), reading.member(names[index]), out);
}

bool one_check(const Node& node, const Reading& reading, const HealthDocument& health) {
  return !health.check.name.empty() ||
         reading.error(node, "nothing says how to ask", "write http: /healthz, or tcp: {}");
}

Schema<HealthDocument> make_health_schema() {
  using Begin = HealthDocument::Begin;
  auto schema =
      Schema<HealthDocument>("health", "Endpoints are asked whether they are well, once for the whole machine.")
          .option("every", &HealthDocument::every,
                  {.doc = "Between two checks of an endpoint, a tenth more or less.",
                   .example = "5s",
                   .minimum = shortest_period})
          .option("timeout", &HealthDocument::timeout,
                  {.doc = "For a whole check: connecting, asking, the answer.", .example = "2s", .minimum = shortest})
          .option("retry_every", &HealthDocument::retry_every,
                  {.doc = "The same while answers speak against what was known, when that is less.",
                   .example = "1s",
                   .minimum = shortest_period})
          .option("up_after", &HealthDocument::up_after,
                  {.doc = "Good answers in a row that bring an endpoint back.",
                   .example = "2",
                   .minimum = 1,
                   .maximum = 100})
          .option("down_after", &HealthDocument::down_after,
                  {.doc = "Bad ones in a row that take it out of use.", .example = "3", .minimum = 1, .maximum = 100})
          .choice("begin", &HealthDocument::begin, {{"up", Begin::up}, {"down", Begin::down}},
                  {.doc = "What an endpoint is before its first good answer.", .example = "down"})
          .option("port", &HealthDocument::port,
                  {.doc = "Asked instead of the endpoint's own; 0: its own.", .example = "8081"});
  for (const HealthCheckKind* kind : health_check_kinds()) {
    // Adds to what it is called on. NOLINTNEXTLINE(bugprone-use-after-move)
    static_cast<void>(std::move(schema).custom(
        kind->name, "check",
        [kind](const Node& node, const Reading& reading, HealthDocument& out) {
          return take_check(*kind, node, reading, out);
        },
        {.doc = kind->schema().doc()}, &kind->schema()));
  }
  return std::move(schema).shorthand(read_name).check(one_check);
}

/// `off` and `on`
bool read_switch(const Node& node, const Reading& reading, OutlierRules& rules) {
  std::size_t index = 0;
  if (!option::read_word(node, reading, {"on", "off"}, index)) return false;
  rules.watch = index == 0;
  return true;
}

bool longest_is_longest(const Node& node, const Reading& reading, const OutlierRules& rules) {
  return rules.ejection_max >= rules.ejection ||
         reading.error(node, "ejection_max is shorter than ejection", "make it at least as long");
}

bool read_ejected_max(const Node& node, const Reading& reading, OutlierRules& rules) {
  return read_percent(node, reading, rules.ejected_percent_max);
}

}  // namespace

bool read_percent(const Node& node, const Reading& reading, std::uint32_t& out) {
  if (!option::want_scalar(node, reading, "a share such as 30%")) return false;
  std::string_view digits = node.text();
  if (!digits.ends_with('%')) return reading.error(node, node.shown() + " has no unit", "write 30%");
  digits.remove_suffix(1);
  const auto number = text::parse_decimal(digits);
  if (!number || *number > 100) return reading.error(node, node.shown() + " is not between 0% and 100%");
  out = static_cast<std::uint32_t>(*number);
  return true;
}

const Schema<HealthDocument>& health_schema() {
  static const Schema<HealthDocument> schema = make_health_schema();
  return schema;
}

const Schema<OutlierRules>& outliers_schema() {
  static const auto schema =
      Schema<OutlierRules>("outliers", "Endpoints whose requests fail are left alone for a while. off: never.")
          .option("consecutive_errors", &OutlierRules::consecutive_errors,
                  {.doc = "Failures in a row, of all cores together, that eject an endpoint; 0: no number does.",
                   .example = "5",
                   .maximum = 1'000'000})
          .choice("statuses", &OutlierRules::statuses,
                  {{"none", CountedStatuses::none},
                   {"gateway", CountedStatuses::gateway},
                   {"5xx", CountedStatuses::server_errors}},
                  {.doc = "Answers that are failures in a row, beside errors of the network and timeouts; gateway is "
                          "502, 503 and 504.",
                   .example = "5xx"})
          .option("interval", &OutlierRules::interval,
                  {.doc = "How often endpoints are compared with each other.",
                   .example = "10s",
                   .minimum = std::chrono::milliseconds{100}})
          .option("failure_deviations", &OutlierRules::failure_deviations,
                  {.doc = "Standard deviations by which an endpoint's failures (any 5xx among them) may lie above what "
                          "its peers let expect; 0: not compared.",
                   .example = "4",
                   .maximum = 100})
          .option("latency_factor", &OutlierRules::latency_factor,
                  {.doc = "How many times slower than the median of all an endpoint may be; 0: not compared.",
                   .example = "5",
                   .maximum = 1000})
          .option("requests_min", &OutlierRules::requests_min,
                  {.doc = "Requests within the interval below which an endpoint is not compared.",
                   .example = "50",
                   .minimum = 1})
          .option("ejection", &OutlierRules::ejection,
                  {.doc = "How long the first one lasts; each further one twice as long, until good times let it be "
                          "forgotten.",
                   .example = "30s",
                   .minimum = shortest})
          .option("ejection_max", &OutlierRules::ejection_max,
                  {.doc = "How long one lasts at most.", .example = "5m", .minimum = shortest})
          .custom("ejected_max", "share", read_ejected_max,
                  {.doc = "Of the endpoints that are ejected at once, at least one and never the last.",
                   .example = "10%",
                   .default_value = "10%"})
          .shorthand(read_switch)
          .check(longest_is_longest);
  return schema;
}

}  // namespace weir::config
