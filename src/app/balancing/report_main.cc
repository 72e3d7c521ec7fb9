// What the policies are worth, as JSON: for ./dev bench lb.
//
//   supermarket  mean time in the system, measured over closed form, for one and two choices
//   fleet        quantiles for every policy at three loads: 100 servers, 16 gateways, a moving tenth three times slower
//   maglev       shares and what moves, for both sizes of the table
#include <fmt/format.h>

#include "app/balancing/fleet.h"
#include "balancers/least_request/least_request.h"
#include "balancers/maglev/maglev.h"
#include "balancers/peak_ewma/peak_ewma.h"
#include "balancers/random/random.h"
#include "balancers/reported_load/reported_load.h"
#include "balancers/round_robin/round_robin.h"

namespace weir {
namespace {

std::string report_supermarket() {
  std::string rows;
  for (const double lambda : {0.5, 0.7, 0.8, 0.9, 0.95, 0.99}) {
    for (const unsigned choices : {1U, 2U}) {
      const LeastRequest balancer(choices);
      const FleetOutcome outcome =
          run_fleet(balancer, {.servers = 10'000,
                               .gateways = 1,
                               .utilisation = lambda,
                               .service_ms = 1,
                               .slow_part = 0,
                               .requests = choices == 1 && lambda > 0.9 ? 20'000'000U : 4'000'000U,
                               .stationary_choices = choices});
      rows += fmt::format("{}{{\"load\":{},\"choices\":{},\"mean\":{:.4f},\"closed_form\":{:.4f}}}",
                          rows.empty() ? "" : ",", lambda, choices, outcome.mean_ms, supermarket_mean(lambda, choices));
    }
  }
  return rows;
}

struct Contender {
  std::string_view name;
  const Balancer& balancer;
  bool probes = false;
  bool reports = false;
};

/// The worst of the seeds, which is what a budget is held against.
FleetOutcome worst_of(const Contender& contender, double load, unsigned seeds) {
  FleetOutcome worst;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const FleetOutcome each = run_fleet(contender.balancer, {.utilisation = load,
                                                             .probes_per_request = 3,
                                                             .probes_used = contender.probes,
                                                             .answers_report = contender.reports,
                                                             .seed = seed});
    if (each.p99_ms > worst.p99_ms) worst = each;
  }
  return worst;
}

std::string report_fleet(unsigned seeds) {
  const RandomBalancer random;
  const RoundRobin round_robin;
  const LeastRequest least_request(2);
  const PeakEwma peak_ewma(std::chrono::seconds{10});
  const ReportedLoad reported_load({});
  const Contender contenders[] = {
      {.name = "random", .balancer = random},
      {.name = "round_robin", .balancer = round_robin},
      {.name = "least_request", .balancer = least_request},
      {.name = "peak_ewma", .balancer = peak_ewma},
      {.name = "reported_load", .balancer = reported_load, .reports = true},
      {.name = "reported_load_probing", .balancer = reported_load, .probes = true},
  };
  std::string rows;
  for (const Contender& each : contenders) {
    for (const double load : {0.5, 0.7, 0.85}) {
      const FleetOutcome worst = worst_of(each, load, seeds);
      rows +=
          fmt::format("{}{{\"policy\":\"{}\",\"load\":{},\"seeds\":{},\"mean\":{:.2f},\"p99\":{:.1f},\"p999\":{:.1f}}}",
                      rows.empty() ? "" : ",", each.name, load, seeds, worst.mean_ms, worst.p99_ms, worst.p999_ms);
    }
  }
  return rows;
}

std::string report_maglev() {
  std::string rows;
  for (const auto& [count, size] :
       {std::pair{100U, MaglevTable::small_size}, {1000U, MaglevTable::small_size}, {1000U, MaglevTable::large_size}}) {
    std::vector<std::string> names;
    for (unsigned at = 0; at < count; ++at) names.push_back(fmt::format("10.0.{}.{}:8080", at / 250, at % 250));
    std::vector<EndpointIdentity> identities;
    for (const std::string& name : names) identities.push_back({.name = name});
    const MaglevTable all(identities, size);
    identities.pop_back();
    const MaglevTable fewer(identities, size);
    std::vector<double> counts(count);
    std::size_t moved = 0;
    for (std::size_t at = 0; at < size; ++at) {
      ++counts[all.owner_of(at)];
      moved += all.owner_of(at) != count - 1 && all.owner_of(at) != fewer.owner_of(at) ? 1U : 0U;
    }
    const double mean = static_cast<double>(size) / count;
    rows += fmt::format("{}{{\"endpoints\":{},\"places\":{},\"most\":{:.4f},\"least\":{:.4f},\"moved\":{:.5f}}}",
                        rows.empty() ? "" : ",", count, size, std::ranges::max(counts) / mean,
                        std::ranges::min(counts) / mean, static_cast<double>(moved) / static_cast<double>(size));
  }
  return rows;
}

}  // namespace
}  // namespace weir

int main() {
  fmt::print("{{\"supermarket\":[{}],\"fleet\":[{}],\"maglev\":[{}]}}\n", weir::report_supermarket(),
             weir::report_fleet(5), weir::report_maglev());
}
