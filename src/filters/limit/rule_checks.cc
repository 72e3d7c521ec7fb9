// One question after the other; each names the option that should be another.
#include "filters/limit/rule_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/text.h"
#include "filters/limit/ledger.h"
#include "filters/limit/redis/decision.h"
#include "filters/limit/scope.h"
#include "http/characters.h"

namespace weir::limit {
namespace {

/// A cost's header: any field's name, in lower case.
bool check_header(const Node& node, std::string_view option, std::string& name, const Reading& reading) {
  name = text::to_lower(name);
  if (name.empty() || characters::is_token(name)) return true;
  return reading.member(option).error(*node.find(option), "is no name of a field");
}

/// Whether the memory that the keys of a rule take is within its bound.
bool check_memory(const Node& node, const Reading& reading, const RuleOptions& rule) {
  const Budget budget = rule.rate && !rule.quota && !rule.bandwidth ? budget_of(rule, 1) : Budget{};
  const std::uint64_t bytes =
      rule.rate && !rule.quota && !rule.bandwidth
          ? Ledger::bytes_for(rule.scope == Scope::redis ? local_budget(budget) : budget, rule.keys)
          : rule.keys * LimitTable::bytes_per_key;
  if (bytes <= limits::limit_table_bytes) return true;
  return reading.error(node,
                       fmt::format("{} keys take {} MiB, {} at most", rule.keys, bytes / mebibyte,
                                   option::shown_bytes(limits::limit_table_bytes)),
                       "lower `keys`, or use another algorithm: sliding_log keeps every moment");
}

bool check_log(const Node& node, const Reading& reading, const RuleOptions& rule) {
  if (rule.scope != Scope::local && rule.scope != Scope::redis) {
    return reading.error(node, "a sliding_log is kept by one core and cannot be shared",
                         "write scope: local or redis, or algorithm: sliding_window");
  }
  if (rule.cost.response_header.empty()) return true;
  return reading.error(node, "a sliding_log cannot owe what an answer turns out to cost",
                       "use token_bucket or a window");
}

bool check_rate(const Node& node, const Reading& reading, RuleOptions& rule) {
  if (rule.algorithm == Algorithm::sliding_log && !check_log(node, reading, rule)) return false;
  if (rule.scope == Scope::fleet && !check_fleet(node, reading, rule)) return false;
  const bool has_burst = rule.algorithm == Algorithm::token_bucket || rule.algorithm == Algorithm::gcra;
  if (rule.burst && !has_burst) {
    return reading.error(node, "a window has no burst", "leave it out, or use token_bucket or gcra");
  }
  if (rule.delay > Duration{} && rule.algorithm != Algorithm::gcra) {
    return reading.error(node, "only gcra gives requests a turn to wait for", "write algorithm: gcra");
  }
  const Budget budget = budget_of(rule, 1);
  if (const std::string_view complaint = complaint_about(budget, rule.cost.maximum); !complaint.empty())
    return reading.error(node, std::string(complaint));
  const std::uint64_t whole = has_burst ? budget.burst : budget.limit;
  if (rule.cost.fixed > whole) {
    return reading.error(node, fmt::format("a request costs {}, and {} is all there ever is", rule.cost.fixed, whole));
  }
  return check_memory(node, reading, rule);
}

bool check_in_flight(const Node& node, const Reading& reading, const RuleOptions& rule) {
  if (*rule.in_flight == 0) return reading.error(node, "no request in flight lets nothing through");
  for (const std::string_view other : {"rate", "burst", "algorithm", "cost", "delay"}) {
    const Node::Member* written = node.find_member(other);
    if (written == nullptr) continue;
    return reading.error(written->place, fmt::format("`{}` has no meaning beside in_flight", other),
                         "write two rules: rules: [{ rate: ... }, { in_flight: ... }]");
  }
  if (rule.scope != Scope::shared && rule.scope != Scope::redis) {
    return reading.error(node, "requests in flight are counted for all cores together", "leave `scope` out");
  }
  if (rule.scope == Scope::redis) {
    return reading.error(node, "requests in flight are counted on this machine, not in Redis", "write scope: shared");
  }
  return check_memory(node, reading, rule);
}

/// What cannot stand beside a kind of rule that is no rate.
bool check_alone(const Node& node, const Reading& reading, std::string_view kind,
                 std::span<const std::string_view> others) {
  for (const std::string_view other : others) {
    const Node::Member* written = node.find_member(other);
    if (written == nullptr) continue;
    return reading.error(written->place, fmt::format("`{}` has no meaning beside {}", other, kind),
                         "write two rules: rules: [{ ... }, { ... }]");
  }
  return true;
}

bool check_quota(const Node& node, const Reading& reading, RuleOptions& rule) {
  constexpr std::array<std::string_view, 5> others{"rate", "burst", "algorithm", "delay", "in_flight"};
  if (!check_alone(node, reading, "quota", others)) return false;
  if (rule.scope != Scope::shared && rule.scope != Scope::redis)
    return reading.error(node, "a quota is counted for all cores together", "leave `scope` out");
  if (rule.scope == Scope::redis)
    return reading.error(node, "a quota is counted on this machine, not in Redis", "write scope: shared");
  auto zone = load_time_zone(rule.time_zone);
  if (!zone) {
    const Node* const written = node.find("time_zone");
    return reading.member("time_zone")
        .error(written != nullptr ? *written : node, fmt::format("\"{}\" {}", rule.time_zone, zone.error()),
               "write a name such as Europe/Berlin, or UTC");
  }
  rule.calendar = std::make_shared<Calendar>(*std::move(zone), rule.quota->unit);
  rule.algorithm = Algorithm::calendar;
  const Budget budget = budget_of(rule, 1);
  if (const std::string_view complaint = complaint_about(budget, rule.cost.maximum); !complaint.empty())
    return reading.error(node, std::string(complaint));
  if (rule.cost.fixed > budget.limit) {
    return reading.error(node,
                         fmt::format("a request costs {}, and {} is all there ever is", rule.cost.fixed, budget.limit));
  }
  return check_memory(node, reading, rule);
}

bool check_bandwidth(const Node& node, const Reading& reading, RuleOptions& rule) {
  constexpr std::array<std::string_view, 9> others{"rate",  "burst",     "algorithm", "cost",     "delay",
                                                   "quota", "in_flight", "dry_run",   "time_zone"};
  if (!check_alone(node, reading, "bandwidth", others)) return false;
  if (rule.scope != Scope::shared && rule.scope != Scope::redis)
    return reading.error(node, "bandwidth is counted for all cores together", "leave `scope` out");
  if (rule.scope == Scope::redis)
    return reading.error(node, "bandwidth is counted on this machine, not in Redis", "write scope: shared");
  if (rule.bandwidth->rate.per_second == 0) return reading.error(node, "a bandwidth of 0 lets nothing through");
  if (rule.bandwidth->burst == 0) return reading.error(node, "a burst of 0 lets nothing through");
  if (rule.bandwidth->burst != unbounded && rule.bandwidth->burst / rule.bandwidth->rate.per_second > 24 * 3600)
    return reading.error(node, "a burst that takes over a day to come back");
  return check_memory(node, reading, rule);
}

}  // namespace

bool check_cost(const Node& node, const Reading& reading, CostOptions& cost) {
  bool good = check_header(node, "header", cost.header, reading);
  good = check_header(node, "response_header", cost.response_header, reading) && good;
  if (cost.fixed <= cost.maximum) return good;
  return reading.error(node, fmt::format("a cost of {} is more than its maximum of {}", cost.fixed, cost.maximum));
}

bool check_rule(const Node& node, const Reading& reading, RuleOptions& rule) {
  rule.place = node.place();
  if (rule.key.connection && !rule.bandwidth)
    return reading.error(node, "only bandwidth is counted for each connection", "write another `key`");
  if (const Node::Member* written = node.find_member("owner"); written != nullptr && rule.scope != Scope::fleet)
    reading.warning(written->place, "only a limit of a fleet has owners", "write scope: fleet, or leave it out");
  if (rule.bandwidth) return check_bandwidth(node, reading, rule);
  if (rule.quota) return check_quota(node, reading, rule);
  if (const Node::Member* written = node.find_member("time_zone"))
    return reading.error(written->place, "only a quota has a time zone", "write quota: 10000/month, or leave it out");
  if (rule.in_flight) return check_in_flight(node, reading, rule);
  if (rule.rate) return check_rate(node, reading, rule);
  return reading.error(node, "this limits nothing",
                       "write rate: 100/s or in_flight: 20, quota: 10000/month, bandwidth: 1MiB/s");
}

}  // namespace weir::limit
