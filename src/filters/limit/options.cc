// The declarations, and the rules between options.
#include "filters/limit/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/limits.h"
#include "base/text.h"
#include "contracts/field_option.h"
#include "filters/limit/rule_checks.h"
#include "filters/limit/scope.h"
#include "http/characters.h"

namespace weir {

namespace limit {
namespace {

std::string complaint_about_name(const std::string& name) {
  const bool good = name.size() <= limits::limit_name_bytes && std::ranges::all_of(name, [](char c) {
                      return (characters::is_visible(c) || c == ' ') && c != '"' && c != '\\';
                    });
  return good ? ""
              : fmt::format("cannot stand in a field; write up to {} visible ASCII characters without quotes",
                            limits::limit_name_bytes);
}

/// Of a struct that has the options of a rule among its own.
template <typename T, typename M>
constexpr M T::* member_of(M RuleOptions::* member) {
  return member;
}

/// The options of a rule, which stand in the list and inline.
template <typename T>
Schema<T> with_rule_options(Schema<T>&& schema) {
  return std::move(schema)
      .option("rate", member_of<T>(&RuleOptions::rate),
              {.doc = "How much a key may spend, and in which time it comes back.", .example = "100/s"})
      .option("burst", member_of<T>(&RuleOptions::burst),
              {.doc = "What may be spent at once; none is the rate's number for token_bucket and 1 for gcra.",
               .example = "50"})
      .choice("algorithm", member_of<T>(&RuleOptions::algorithm),
              {{"token_bucket", Algorithm::token_bucket},
               {"gcra", Algorithm::gcra},
               {"fixed_window", Algorithm::fixed_window},
               {"sliding_window", Algorithm::sliding_window},
               {"sliding_log", Algorithm::sliding_log}},
              {.doc = "How it is counted; docs/rate-limits.md shows what each promises.", .example = "sliding_window"})
      .option("in_flight", member_of<T>(&RuleOptions::in_flight),
              {.doc = "How many requests of a key may be answered at once; stands in place of `rate`."})
      .option("quota", member_of<T>(&RuleOptions::quota),
              {.doc = "How much a key may spend in each minute, hour, day, week or month of the calendar: 10000/month; "
                      "stands in place of `rate`."})
      .option("time_zone", member_of<T>(&RuleOptions::time_zone),
              {.doc = "Where the periods of a quota begin and end: Europe/Berlin."})
      .option("bandwidth", member_of<T>(&RuleOptions::bandwidth),
              {.doc = "How fast content of a key may pass: 1MiB/s, or with a burst and a direction; what is too fast "
                      "waits. Stands in place of `rate`."})
      .option("key", member_of<T>(&RuleOptions::key),
              {.doc = "Whose requests count together: a value of the request, a list of them, or all; for bandwidth "
                      "also connection. Requests without the value share one key.",
               .example = "[client_address, { header: x-tenant }]"})
      .option("ipv6_prefix", member_of<T>(&RuleOptions::ipv6_prefix),
              {.doc = "Bits of an IPv6 client_address that count: a network has 2^64 addresses to choose from.",
               .example = "56",
               .minimum = 16,
               .maximum = 128})
      .option("cost", member_of<T>(&RuleOptions::cost),
              {.doc = "What a request costs: a number, or where it is said.", .example = "5"})
      .option("delay", member_of<T>(&RuleOptions::delay),
              {.doc = "For gcra: a request that would pass within this time waits for its turn.",
               .minimum = Duration{},
               .maximum = std::chrono::minutes{1}})
      .choice("scope", member_of<T>(&RuleOptions::scope),
              {{"shared", Scope::shared}, {"local", Scope::local}, {"fleet", Scope::fleet}, {"redis", Scope::redis}},
              {.doc = "shared: all cores count as one; local: each core gives out its share; fleet: all machines of "
                      "`fleet` hold the limit together; redis: all gateways count as one, in a Redis.",
               .example = "local"})
      .choice(
          "owner", member_of<T>(&RuleOptions::owner),
          {{"auto", Owner::automatic}, {"always", Owner::always}, {"never", Owner::never}},
          {.doc = "For scope fleet: whether each key has a machine that decides about it and is asked by the others, "
                  "or a ratio holds for all. auto: an owner where less than 105 requests pass in a second, which "
                  "chance would move by more than 6 %.",
           .example = "always"})
      .option("keys", member_of<T>(&RuleOptions::keys),
              {.doc = "Keys that are told apart, 64 bytes each, for each core when local; beyond it, the idle make "
                      "room.",
               .example = "1000000",
               .minimum = 1,
               .maximum = limits::limit_table_bytes / LimitTable::bytes_per_key})
      .option("dry_run", member_of<T>(&RuleOptions::dry_run),
              {.doc = "Decides, counts and records, and refuses nobody.", .example = "true"})
      .option("name", member_of<T>(&RuleOptions::name),
              {.doc = "By which clients, logs and metrics know it; counters of a rule that keeps its name and meaning "
                      "are kept over reloads, wherever it stands. Without one it is called by its rate.",
               .example = "per-client",
               .complaint = &complaint_about_name});
}

/// The rules of the list, each with what stands beside the list where it does not say otherwise.
bool read_rules(const Node& list, const Reading& reading, LimitOptions& options) {
  const RuleOptions& beside = options;
  std::vector<RuleOptions> rules;
  bool good = true;
  const auto read_one = [&](const Node& node, const Reading& at) {
    RuleOptions rule = beside;
    good = RuleOptions::schema().read_into(node, at, rule) && check_rule(node, at, rule) && good;
    rules.push_back(std::move(rule));
  };
  if (list.is_list()) {
    for (std::size_t index = 0; const Node& item : list.items()) read_one(item, reading.item(index++));
  } else {
    read_one(list, reading);
  }
  options.rules = std::move(rules);
  return good;
}

bool check_names(const Reading& reading, const LimitOptions& options) {
  for (std::size_t at = 1; at < options.rules.size(); ++at) {
    const RuleOptions& rule = options.rules[at];
    const auto before = std::span(options.rules).first(at);
    if (std::ranges::none_of(before, [&](const RuleOptions& other) { return name_of(other) == name_of(rule); }))
      continue;
    return reading.error(rule.place, fmt::format("two rules are called \"{}\"", name_of(rule)),
                         "give one of them another `name`");
  }
  return true;
}

/// Rules of Redis need one, and one needs rules.
bool check_use_of_redis(const Node& node, const Reading& reading, const LimitOptions& options) {
  const auto asks = [](const RuleOptions& rule) { return rule.scope == Scope::redis; };
  const auto asking = std::ranges::find_if(options.rules, asks);
  const bool described = !options.redis.addresses.empty();
  if (asking != options.rules.end() && !described)
    return reading.error(asking->place, "scope: redis, and no Redis to count in", "write redis: 10.0.0.5:6379");
  if (asking == options.rules.end() && described) {
    reading.member("redis").warning(node.find("redis")->place(),
                                    "no rule counts in this Redis: scope: redis is missing");
  }
  return true;
}

bool check_limit(const Node& node, const Reading& reading, LimitOptions& options) {
  const Node* list = node.find("rules");
  if (list == nullptr) {
    RuleOptions inline_rule = static_cast<const RuleOptions&>(options);  // without what is about the filter as a whole
    if (!check_rule(node, reading, inline_rule)) return false;
    options.rules.push_back(std::move(inline_rule));
    return check_use_of_redis(node, reading, options);
  }
  const Reading at = reading.member("rules");
  if (options.rules.empty()) return at.error(*list, "a list of no rules limits nothing");
  if (options.rules.size() > limits::limit_rules) {
    return at.error(*list, fmt::format("a limit has at most {} rules", limits::limit_rules));
  }
  return read_rules(*list, at, options) && check_names(at, options) && check_use_of_redis(node, reading, options);
}

bool read_shorthand(const Node& node, const Reading& at, LimitOptions& options) {
  if (node.is_list()) return at.error(node, "a list of rules stands under `rules`", "write limit: { rules: [...] }");
  Rate rate;
  if (!option::read_rate(node, at, rate)) return false;
  options.rate = rate;
  return true;
}

std::uint64_t share(std::uint64_t whole, unsigned cores) {
  return std::max<std::uint64_t>(1, whole / cores);
}

}  // namespace

Pace pace_of(const BandwidthOptions& bandwidth) {
  // A quarter of a second passes at once where nobody says, and enough for a head and a page at low rates.
  constexpr ByteCount burst_min = 16 * kibibyte;
  const ByteCount usual = std::max(burst_min, bandwidth.rate.per_second / 4);
  return {.bytes_per_second = bandwidth.rate.per_second,
          .burst = bandwidth.burst == unbounded ? usual : bandwidth.burst};
}

namespace {

/// As long as a period usually is; how long each one is, its calendar knows.
Duration usual_length(PeriodUnit unit) {
  using std::chrono::hours;
  switch (unit) {
    case PeriodUnit::minute:
      return std::chrono::minutes{1};
    case PeriodUnit::hour:
      return hours{1};
    case PeriodUnit::day:
      return hours{24};
    case PeriodUnit::week:
      return hours{7 * 24};
    case PeriodUnit::month:
      return hours{31 * 24};
  }
  return {};
}

Budget budget_of_quota(const RuleOptions& rule) {
  return {.algorithm = Algorithm::calendar,
          .limit = rule.quota->count,
          .window = usual_length(rule.quota->unit),
          .debt = rule.cost.response_header.empty() ? 0 : rule.cost.debt.value_or(rule.quota->count),
          .calendar = rule.calendar.get()};
}

}  // namespace

Budget budget_of(const RuleOptions& rule, unsigned cores) {
  if (rule.quota) return budget_of_quota(rule);
  const std::uint64_t usual = usual_burst(rule);
  Budget budget{.algorithm = rule.algorithm,
                .limit = rule.rate->count,
                .window = rule.rate->per,
                .burst = rule.burst.value_or(usual),
                .debt = 0,
                .delay = rule.delay};
  const bool has_burst = rule.algorithm == Algorithm::token_bucket || rule.algorithm == Algorithm::gcra;
  if (!rule.cost.response_header.empty())
    budget.debt = rule.cost.debt.value_or(has_burst ? budget.burst : budget.limit);
  if (cores > 1) {
    // Buckets divide time and not numbers: 10/s over 16 cores is one each in 1.6 s.
    budget.limit = has_burst ? budget.limit : share(budget.limit, cores);
    budget.window *= has_burst ? cores : 1;
    budget.burst = share(budget.burst, cores);
    budget.debt /= cores;
  }
  return budget;
}

std::string name_of(const RuleOptions& rule) {
  if (!rule.name.empty()) return rule.name;
  return allowance_of(rule);
}

std::string allowance_of(const RuleOptions& rule) {
  if (rule.bandwidth) {
    return OptionType<ByteRate>::shown(rule.bandwidth->rate) +
           (rule.bandwidth->direction == Direction::request ? " of requests" : "");
  }
  if (rule.quota) return OptionType<Quota>::shown(*rule.quota);
  return rule.rate && !rule.in_flight ? option::shown(*rule.rate) : fmt::format("{} in flight", *rule.in_flight);
}

bool is_owned(const RuleOptions& rule) {
  return rule.scope == Scope::fleet && rule.rate && fleet::is_owned(rule.owner, budget_of(rule, 1), rule.cost.fixed);
}

std::string identity_of(const RuleOptions& rule) {
  std::string what = fmt::format("{} key {} ipv6/{} keys {}", name_of(rule.scope),
                                 OptionType<KeyParts>::shown(rule.key), rule.ipv6_prefix, rule.keys);
  if (rule.bandwidth) {
    const Pace pace = pace_of(*rule.bandwidth);
    return fmt::format("bandwidth {}/s burst {} {} {}", pace.bytes_per_second, pace.burst,
                       rule.bandwidth->direction == Direction::request ? "request" : "response", what);
  }
  if (rule.in_flight) return fmt::format("in_flight {}", what);
  if (rule.cost.debt) what += fmt::format(" debt {}", *rule.cost.debt);
  if (rule.quota) return fmt::format("quota {} {} {}", OptionType<Quota>::shown(*rule.quota), rule.time_zone, what);
  const Budget budget = budget_of(rule, 1);
  if (budget.delay > Duration{}) what += fmt::format(" delay {}ns", budget.delay.count());
  if (budget.debt > 0) what += " settled";
  return fmt::format("{} {}/{}ns burst {} {}{}", weir::name_of(budget.algorithm), budget.limit, budget.window.count(),
                     budget.burst, what, is_owned(rule) ? " owned" : "");
}

const Schema<CostOptions>& CostOptions::schema() {
  static const auto schema =
      Schema<CostOptions>("cost", "What a request costs.")
          .option("fixed", &CostOptions::fixed,
                  {.doc = "What it costs where nothing else says so, and until an answer has said it.",
                   .example = "5",
                   .minimum = 1})
          .option("header", &CostOptions::header,
                  {.doc = "A field of the request that says its cost; whoever may write it must be trusted.",
                   .example = "x-cost"})
          .option("response_header", &CostOptions::response_header,
                  {.doc = "A field of the answer that says what it was; the difference is settled then.",
                   .example = "x-cost"})
          .option("maximum", &CostOptions::maximum,
                  {.doc = "What a field may say at most.", .example = "100", .minimum = 1, .maximum = 1'000'000})
          .option("debt", &CostOptions::debt,
                  {.doc = "How much beyond the whole budget an answer may leave a key owing; none is once the budget.",
                   .example = "100"})
          .shorthand("fixed")
          .check(&check_cost);
  return schema;
}

const Schema<BandwidthOptions>& BandwidthOptions::schema() {
  static const auto schema =
      Schema<BandwidthOptions>("bandwidth", "How fast content may pass.")
          .option("rate", &BandwidthOptions::rate, {.doc = "Bytes in a second: 1MiB/s.", .required = true})
          .bytes("burst", &BandwidthOptions::burst,
                 {.doc = "Bytes that pass at once after a pause; none is those of a quarter of a second, 16KiB at "
                         "least."})
          .choice("direction", &BandwidthOptions::direction,
                  {{"response", Direction::response}, {"request", Direction::request}},
                  {.doc = "Whose content: that of responses, or of requests."})
          .shorthand("rate");
  return schema;
}

const Schema<RuleOptions>& RuleOptions::schema() {
  static const auto schema = with_rule_options(Schema<RuleOptions>("rule", "One budget.")).shorthand("rate");
  return schema;
}

const Schema<LimitOptions>& LimitOptions::schema() {
  static const auto schema =
      with_rule_options(
          Schema<LimitOptions>("limit",
                               "Refuses what is more than a key may have, with 429. Short: `limit: 100/s` for each "
                               "client address."))
          .option("rules", &LimitOptions::rules,
                  {.doc = "Several budgets that hold together: a request that one of them refuses costs none of them "
                          "anything. What stands beside the list holds for each rule that does not say otherwise.",
                   .example = "[{ name: second, rate: 10/s }, { name: day, rate: 5000/d }]"})
          .choice("fields", &LimitOptions::fields,
                  {{"standard", ToldFields::standard},
                   {"x_ratelimit", ToldFields::x_ratelimit},
                   {"draft_6", ToldFields::draft_6},
                   {"both", ToldFields::both},
                   {"none", ToldFields::none}},
                  {.doc = "What answers say about budgets: RateLimit and RateLimit-Policy, X-RateLimit-*, "
                          "RateLimit-Limit and its "
                          "like as drafts up to 06 had them, the first two, or nothing.",
                   .example = "both"})
          .choice("status", &LimitOptions::status, {{"429", 429}, {"503", 503}},
                  {.doc = "What a refusal is.", .example = "503"})
          .option("bypass", &LimitOptions::bypass,
                  {.doc = "Clients that are neither counted nor refused.", .example = "[127.0.0.0/8, 10.0.0.0/8]"})
          .option("redis", &LimitOptions::redis,
                  {.doc = "Where rules with `scope: redis` count (docs/redis-limits.md).", .example = "10.0.0.5:6379"})
          .shorthand(&read_shorthand)
          .check(&check_limit);
  return schema;
}

}  // namespace limit
}  // namespace weir
