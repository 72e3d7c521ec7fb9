// Reading the cells, and three ways to write what they say.
#include "app/admin/upstreams_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/json_writer.h"
#include "app/time_text.h"
#include "upstream/cluster.h"
#include "upstream/endpoint_health.h"
#include "upstream/operator_word.h"

namespace weir {
namespace {

EndpointTotals totals_of(const EndpointHealth& endpoint, Time now, bool begins_up) {
  EndpointTotals totals{.address = endpoint.address(),
                        .standing = endpoint.standing(now, begins_up),
                        .admin = endpoint.admin.get(),
                        .said_at = endpoint.said_at.get(),
                        .configured = endpoint.weight(),
                        .checked = endpoint.checked.get(),
                        .checked_since = endpoint.checked_since.get(),
                        .check_reason = endpoint.check_reason.get(),
                        .check_number = endpoint.check_number.get(),
                        .checks_passed = endpoint.checks_passed.get(),
                        .checks_failed = endpoint.checks_failed.get(),
                        .ejections = endpoint.ejections_total.get(),
                        .in_flight = endpoint.in_flight()};
  const std::uint32_t said = endpoint.weight_said.get();
  totals.weight = said == 0 ? totals.configured : said;
  if (endpoint.ejected_until.get() > now) {
    totals.ejected_for = endpoint.ejected_for.get();
    totals.ejected_at = endpoint.ejected_at.get();
    totals.ejected_until = endpoint.ejected_until.get();
  }
  const OutlierWindow counted = endpoint.counted();
  totals.requests = counted.requests;
  totals.failures = counted.failures;
  return totals;
}

UpstreamTotals totals_of(const Cluster& cluster, Time now) {
  const ClusterHealth& health = *cluster.health();
  UpstreamTotals totals{.name = cluster.name(), .balancer = cluster.balancer().name(), .verdict = {}, .endpoints = {}};
  GroupFacts group{.panic_below_percent = health.panic_below_percent.get()};
  for (const auto& endpoint : health.endpoints()) {
    if (endpoint->weight() == 0) continue;  // it was one
    totals.endpoints.push_back(totals_of(*endpoint, now, health.begins_up.get()));
    group.count(totals.endpoints.back().standing);
  }
  totals.verdict = decide(group);
  return totals;
}

// For people.

/// `3 s`, `12 min`, `5 h`, `3 days`: two digits are enough to know whether it is news.
std::string age_text(Duration age) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::max(age, Duration::zero())).count();
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 2 * 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} days", seconds / 86'400);
}

std::string number_text(std::uint32_t number) {
  return number == 0 ? "" : fmt::format(" {}", number);
}

/// `drained by the operator`, `down: first_byte_timeout`, `ejected: consecutive_errors`
std::string standing_text(const EndpointTotals& endpoint) {
  switch (endpoint.standing) {
    case EndpointStanding::available:
      return endpoint.checked == CheckState::up ? "up" : "in use";
    case EndpointStanding::disabled:
      return "disabled by the operator";
    case EndpointStanding::draining:
      return "drained by the operator";
    case EndpointStanding::down:
      return fmt::format("down: {}{}", endpoint.check_reason, number_text(endpoint.check_number));
    case EndpointStanding::unchecked:
      return "not checked yet";
    case EndpointStanding::ejected:
      return fmt::format("ejected: {}", name_of(endpoint.ejected_for));
  }
  return {};
}

/// The moment on the wall; Time{} stays WallTime{}.
WallTime wall_of(Time time, Clocks clocks) {
  if (time == Time{}) return {};
  return clocks.wall - std::chrono::duration_cast<WallTime::duration>(clocks.now - time);
}

/// When it became what it is; WallTime{}: it was so from the beginning.
WallTime standing_since(const EndpointTotals& endpoint, Clocks clocks) {
  switch (endpoint.standing) {
    case EndpointStanding::disabled:
    case EndpointStanding::draining:
      return endpoint.said_at;
    case EndpointStanding::ejected:
      return wall_of(endpoint.ejected_at, clocks);
    default:
      return std::max(wall_of(endpoint.checked_since, clocks), endpoint.said_at);
  }
}

std::string since_text(const EndpointTotals& endpoint, Clocks clocks) {
  const WallTime since = standing_since(endpoint, clocks);
  std::string text = since == WallTime{} ? "" : fmt::format(" for {}", age_text(clocks.wall - since));
  if (endpoint.standing == EndpointStanding::ejected)
    text += fmt::format(", {} left", age_text(endpoint.ejected_until - clocks.now));
  return text;
}

std::string weight_text(const EndpointTotals& endpoint) {
  if (endpoint.weight == endpoint.configured) return fmt::format("{}", endpoint.weight);
  return fmt::format("{} (configured {})", endpoint.weight, endpoint.configured);
}

/// `3 of 4 endpoints in use`
std::string group_text(const UpstreamTotals& upstream) {
  const auto used = std::ranges::count_if(upstream.endpoints, [&](const EndpointTotals& each) {
    return may_be_picked(each.standing, upstream.verdict.use);
  });
  std::string text = fmt::format("{} of {} in use", used, upstream.endpoints.size());
  if (upstream.verdict.use != GroupUse::all) text += fmt::format(" ({})", upstream.verdict.reason);
  if (upstream.verdict.use == GroupUse::panic) text += ", a panic";
  return text;
}

struct Row {
  std::array<std::string, 6> cells;
};

/// Columns as wide as their widest cell.
void add_rows(std::string& out, const std::vector<Row>& rows) {
  std::array<std::size_t, 6> widths{};
  for (const Row& row : rows) {
    for (std::size_t at = 0; at < widths.size(); ++at) widths[at] = std::max(widths[at], row.cells[at].size());
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t at = 0; at < widths.size(); ++at) line += fmt::format("  {:<{}}", row.cells[at], widths[at]);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
}

// For programs.

void write_time(JsonWriter& json, std::string_view name, WallTime time) {
  if (time != WallTime{}) json.member(name, time_text(time));
}

void write_endpoint(JsonWriter& json, const EndpointTotals& endpoint, Clocks clocks) {
  json.begin_object().member("endpoint", endpoint.address).member("state", name_of(endpoint.standing));
  write_time(json, "since", standing_since(endpoint, clocks));
  json.member("weight", endpoint.weight).member("weight_configured", endpoint.configured);
  json.member("operator", name_of(endpoint.admin));
  json.key("checks").begin_object();
  constexpr std::array<std::string_view, 3> states{"unchecked", "up", "down"};
  json.member("state", states[static_cast<std::size_t>(endpoint.checked)]);
  write_time(json, "since", wall_of(endpoint.checked_since, clocks));
  if (endpoint.checks_passed + endpoint.checks_failed > 0) json.member("last", endpoint.check_reason);
  if (endpoint.check_number != 0) json.member("number", endpoint.check_number);
  json.member("passed", endpoint.checks_passed).member("failed", endpoint.checks_failed).end_object();
  if (endpoint.ejected_for != OutlierSign::none) {
    json.key("ejected").begin_object().member("for", name_of(endpoint.ejected_for));
    write_time(json, "since", wall_of(endpoint.ejected_at, clocks));
    write_time(json, "until", wall_of(endpoint.ejected_until, clocks));
    json.end_object();
  }
  json.member("ejections", endpoint.ejections).member("in_flight", endpoint.in_flight);
  json.member("requests", endpoint.requests).member("failures", endpoint.failures).end_object();
}

// For Prometheus.

struct Sample {
  std::string_view upstream;
  std::string_view endpoint;
  const EndpointTotals* totals;
};

/// Those that have a line of their own, and what the others come to.
struct Shown {
  std::vector<Sample> samples;
  EndpointTotals other;
  std::uint64_t others = 0;
};

Shown choose(const std::vector<UpstreamTotals>& upstreams) {
  Shown shown;
  for (const UpstreamTotals& upstream : upstreams) {
    for (const EndpointTotals& each : upstream.endpoints) {
      if (shown.samples.size() < limits::endpoints_with_metrics) {
        shown.samples.push_back({.upstream = upstream.name, .endpoint = each.address, .totals = &each});
        continue;
      }
      ++shown.others;
      shown.other.in_flight += each.in_flight;
      shown.other.requests += each.requests;
      shown.other.failures += each.failures;
      shown.other.ejections += each.ejections;
    }
  }
  return shown;
}

}  // namespace

std::vector<UpstreamTotals> upstream_totals(const Gateway& gateway, Time now, std::string_view name) {
  std::vector<UpstreamTotals> all;
  for (const auto& cluster : gateway.clusters) {
    if (name.empty() || cluster->name() == name) all.push_back(totals_of(*cluster, now));
  }
  return all;
}

std::string upstreams_text(const std::vector<UpstreamTotals>& upstreams, Clocks clocks) {
  if (upstreams.empty()) return "no upstreams\n";
  std::string out;
  for (const UpstreamTotals& upstream : upstreams) {
    out +=
        fmt::format("{}{}: {}, {}\n", out.empty() ? "" : "\n", upstream.name, upstream.balancer, group_text(upstream));
    std::vector<Row> rows{{{"endpoint", "state", "weight", "in flight", "requests", "failed"}}};
    for (const EndpointTotals& each : upstream.endpoints) {
      rows.push_back(
          {{each.address, standing_text(each) + since_text(each, clocks), weight_text(each),
            fmt::format("{}", each.in_flight), fmt::format("{}", each.requests), fmt::format("{}", each.failures)}});
    }
    add_rows(out, rows);
  }
  return out;
}

std::string upstreams_json(const std::vector<UpstreamTotals>& upstreams, Clocks clocks) {
  JsonWriter json;
  json.begin_object().key("upstreams").begin_array();
  for (const UpstreamTotals& upstream : upstreams) {
    json.begin_object().member("name", upstream.name).member("balancer", upstream.balancer);
    json.member("use", name_of(upstream.verdict.use)).member("reason", upstream.verdict.reason);
    json.key("endpoints").begin_array();
    for (const EndpointTotals& each : upstream.endpoints) write_endpoint(json, each, clocks);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

void add_endpoints(Exposition& page, const std::vector<UpstreamTotals>& upstreams) {
  const Shown shown = choose(upstreams);
  if (shown.samples.empty()) return;
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    page.family(name, type, help);
    for (const Sample& at : shown.samples)
      page.sample({{"upstream", at.upstream}, {"endpoint", at.endpoint}}, std::uint64_t{value(*at.totals)});
  };
  const auto summed = [&](std::string_view name, std::string_view type, std::string_view help,
                          std::uint64_t EndpointTotals::* member) {
    each(name, type, help, [&](const EndpointTotals& totals) { return totals.*member; });
    if (shown.others > 0) page.sample({{"upstream", "other"}, {"endpoint", "other"}}, shown.other.*member);
  };
  each("weir_upstream_endpoint_available", "gauge",
       "1 when neither operators, checks nor an ejection speak against the endpoint.",
       [](const EndpointTotals& totals) { return totals.standing == EndpointStanding::available ? 1U : 0U; });
  each("weir_upstream_endpoint_operator_state", "gauge", "What operators said: 0 enabled, 1 draining, 2 disabled.",
       [](const EndpointTotals& totals) { return static_cast<unsigned>(totals.admin); });
  each("weir_upstream_endpoint_check_state", "gauge", "What checks say: 0 not checked, 1 up, 2 down.",
       [](const EndpointTotals& totals) { return static_cast<unsigned>(totals.checked); });
  each("weir_upstream_endpoint_ejected", "gauge", "1 while it is ejected as an outlier.",
       [](const EndpointTotals& totals) { return totals.ejected_for == OutlierSign::none ? 0U : 1U; });
  each("weir_upstream_endpoint_weight", "gauge", "Its weight: as configured, or as an operator said.",
       [](const EndpointTotals& totals) { return totals.weight; });
  summed("weir_upstream_endpoint_in_flight", "gauge", "Requests that it has; endpoint other: beyond the first 1000.",
         &EndpointTotals::in_flight);
  summed("weir_upstream_endpoint_requests_total", "counter", "Tries that it answered, or that failed.",
         &EndpointTotals::requests);
  summed("weir_upstream_endpoint_failures_total", "counter", "Of these, failed or answered with 5xx.",
         &EndpointTotals::failures);
  summed("weir_upstream_endpoint_ejections_total", "counter", "How often it was ejected.", &EndpointTotals::ejections);
}

}  // namespace weir
