// Lanes, and what is done without reports.
#include "balancers/reported_load/reported_load.h"

#include <algorithm>

#include "base/fault.h"
#include "upstream/picking/draws.h"
#include "upstream/picking/latency.h"
#include "upstream/picking/probes.h"

namespace weir {
namespace {

/// Reports below which there is no choice among them.
constexpr std::size_t choice_least = 2;
/// Beyond it the same servers would be asked twice for one request.
constexpr std::uint32_t questions_percent_max = 800;
static_assert(questions_percent_max == 100 * Draws::draws_max);

bool usable(const PickFacts& facts, const ProbeFacts& probe, Duration age_max) {
  return facts.may_pick(probe.endpoint) && facts.now - probe.heard_at <= age_max;
}

}  // namespace

ReportedLoad::ReportedLoad(const ReportedLoadOptions& options)
    : rule_{.header = options.header,
            .load = options.load,
            .latency = options.latency,
            .report_age_max = options.report_age_max,
            .probes = {.path = options.probe.path,
                       .host = options.probe.host,
                       .per_pick = options.probe.per_request_percent / 100.0,
                       .timeout = options.probe.timeout,
                       .kept = options.probe.kept,
                       .uses_max = options.probe.uses_max}} {}

std::optional<Pick> ReportedLoad::pick(const PickFacts& facts) const {
  if (const std::optional<Pick> by_report = pick_of_reports(facts)) return by_report;
  return pick_of_two(facts);
}

std::optional<Pick> ReportedLoad::pick_of_reports(const PickFacts& facts) const {
  const std::uint32_t hot = hot_load(facts.probes, rule_.hot_part);
  std::size_t count = 0;
  std::uint32_t quickest = no_endpoint_number;
  std::uint32_t lightest = no_endpoint_number;
  for (std::uint32_t at = 0; at < facts.probes.size(); ++at) {
    const ProbeFacts& probe = facts.probes[at];
    if (!usable(facts, probe, rule_.report_age_max)) continue;
    ++count;
    if (lightest == no_endpoint_number || probe.load < facts.probes[lightest].load) lightest = at;
    if (probe.load > hot) continue;
    const bool first = quickest == no_endpoint_number;
    const bool quicker = first || probe.latency_us < facts.probes[quickest].latency_us;
    if (quicker != (!first && fault(Fault::quickest_report_ignored))) quickest = at;
  }
  if (count < choice_least) return {};
  const std::uint32_t chosen = quickest != no_endpoint_number ? quickest : lightest;
  return Pick{.endpoint = facts.probes[chosen].endpoint,
              .reason = quickest != no_endpoint_number ? "quickest_of_cold" : "least_of_hot",
              .probe = chosen};
}

std::optional<Pick> ReportedLoad::pick_of_two(const PickFacts& facts) const {
  Draws draws(facts);
  const std::optional<std::uint32_t> one = draws.next();
  if (!one) return {};
  const std::optional<std::uint32_t> other = draws.next();
  if (!other) return Pick{.endpoint = *one, .reason = "only_choice"};
  const bool lighter = cost_of(facts.endpoints[*other], facts) < cost_of(facts.endpoints[*one], facts);
  return Pick{.endpoint = lighter ? *other : *one, .reason = "lighter_of_two"};
}

/// Its latency as we have seen it, times what it has to do. What it reported is done by and by: after the latency that
/// it expected two thirds of it are gone, or a server that was busy once would be left idle as long as nobody asks it.
double ReportedLoad::cost_of(const EndpointFacts& endpoint, const PickFacts& facts) const {
  double load = endpoint.in_flight;
  if (endpoint.reported_at != Time{} && facts.now - endpoint.reported_at <= rule_.report_age_max) {
    const Duration done_in = std::chrono::microseconds(std::max(endpoint.reported_latency_us, 1U));
    load = std::max(load, endpoint.reported_load * part_left(facts.now - endpoint.reported_at, done_in));
  }
  return std::max(1.0, latency_now(endpoint, facts.now, latency_decay())) * (load + 1) / endpoint.weight;
}

namespace {

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char each) { return each > 0x20 && each < 0x7F && each != '#'; });
}

std::string path_complaint(const std::string& path) {
  return path.starts_with('/') && is_printable(path) ? "" : "is not a path such as /load";
}

std::string host_complaint(const std::string& host) {
  return is_printable(host) ? "" : "is not a host";
}

}  // namespace

const Schema<LoadProbeOptions>& LoadProbeOptions::schema() {
  static const auto schema =
      Schema<LoadProbeOptions>("probe", "Servers are asked for their load beside requests; without it they are not.")
          .option("path", &LoadProbeOptions::path,
                  {.doc = "Of the page that answers with the report, in the same field as other answers.",
                   .example = "/load",
                   .required = true,
                   .complaint = path_complaint})
          .option("host", &LoadProbeOptions::host,
                  {.doc = "The Host field; without it the server's address.",
                   .example = "shop.example.com",
                   .complaint = host_complaint})
          .option("per_request_percent", &LoadProbeOptions::per_request_percent,
                  {.doc = "How many servers are asked for 100 requests.",
                   .example = "100",
                   .minimum = 1,
                   .maximum = questions_percent_max})
          .option("timeout", &LoadProbeOptions::timeout,
                  {.doc = "How long one may take; who needs longer has no report.",
                   .example = "50ms",
                   .minimum = std::chrono::milliseconds{1},
                   .maximum = std::chrono::minutes{1}})
          .option("kept", &LoadProbeOptions::kept,
                  {.doc = "Reports that each core picks from.", .example = "16", .minimum = 2, .maximum = 256})
          .option("uses_max", &LoadProbeOptions::uses_max,
                  {.doc = "Requests that are sent by one report; 0: as many as new reports make up for.",
                   .example = "2",
                   .maximum = 1000})
          .shorthand("path");
  return schema;
}

const Schema<ReportedLoadOptions>& ReportedLoadOptions::schema() {
  static const auto schema =
      Schema<ReportedLoadOptions>("reported_load", "By the load that servers report with their answers.")
          .option("header", &ReportedLoadOptions::header,
                  {.doc = "The field of an answer with the report.", .example = "endpoint-load-metrics"})
          .option("load", &ReportedLoadOptions::load,
                  {.doc = "The metric that is the server's requests in flight.", .example = "named_metrics.in_flight"})
          .option("latency", &ReportedLoadOptions::latency,
                  {.doc = "The metric that is its latency at that load, in milliseconds.",
                   .example = "named_metrics.latency_ms"})
          .option("report_age_max", &ReportedLoadOptions::report_age_max,
                  {.doc = "Older reports are not believed.",
                   .example = "1s",
                   .minimum = std::chrono::milliseconds{1},
                   .maximum = std::chrono::minutes{1}})
          .option("probe", &ReportedLoadOptions::probe,
                  {.doc = "Servers are also asked beside requests, so that reports are fresh.", .example = "/load"});
  return schema;
}

namespace {

std::unique_ptr<const Balancer> build(const Node& options, BuildContext& context) {
  ReportedLoadOptions read;
  const Reading reading(context.diagnostics, context.path);
  if (options.is_map() && !ReportedLoadOptions::schema().read_into(options, reading, read)) return {};
  for (char& each : read.header) each = static_cast<char>(each >= 'A' && each <= 'Z' ? each + ('a' - 'A') : each);
  return std::make_unique<ReportedLoad>(read);
}

}  // namespace

const BalancerKind& reported_load_balancer() {
  static constexpr BalancerKind kind{
      .name = "reported_load", .schema = &schema_of<ReportedLoadOptions>, .build = &build};
  return kind;
}

}  // namespace weir
