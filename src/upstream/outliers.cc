// The signs, and what is done about them.
#include "upstream/outliers.h"

#include <algorithm>
#include <cmath>

namespace weir {
namespace {

/// Peers that never fail would make a single failure of a million infinitely unlikely: below this share nobody is an
/// outlier, whatever the peers do.
constexpr double failure_share_min = 0.05;
/// Below this a latency is as good as any: a factor of nothing is nothing.
constexpr Duration latency_min = std::chrono::milliseconds{10};

bool counts(const OutlierWindow& window, const OutlierRules& rules) {
  return window.requests > 0 && window.requests >= rules.requests_min;
}

double failure_share(const OutlierWindow& window) {
  return static_cast<double>(window.failures) / static_cast<double>(window.requests);
}

/// Whether chance explains the failures of `window`, were it like `peers`.
bool fails_too_much(const OutlierWindow& window, const OutlierWindow& peers, std::uint32_t deviations) {
  if (peers.requests == 0 || failure_share(window) < failure_share_min) return false;
  // One failure is added to the peers', so that a share of nothing is not believed to be exact (Laplace).
  const double expected_share =
      (static_cast<double>(peers.failures) + 1.0) / (static_cast<double>(peers.requests) + 2.0);
  const auto requests = static_cast<double>(window.requests);
  const double deviation = std::sqrt(requests * expected_share * (1.0 - expected_share));
  return static_cast<double>(window.failures) > requests * expected_share + deviations * deviation;
}

Duration mean_latency(const OutlierWindow& window) {
  return window.latency / static_cast<std::int64_t>(window.requests);
}

/// The lower one of two in the middle: of two endpoints the slower one is to be found.
Duration median(std::vector<Duration> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

std::string_view name_of(OutlierSign sign) {
  switch (sign) {
    case OutlierSign::none:
      return "none";
    case OutlierSign::consecutive_errors:
      return "consecutive_errors";
    case OutlierSign::failure_rate:
      return "failure_rate";
    case OutlierSign::latency:
      return "latency";
  }
  return "none";
}

std::vector<OutlierSign> find_outliers(std::span<const OutlierWindow> windows, const OutlierRules& rules) {
  std::vector<OutlierSign> signs(windows.size(), OutlierSign::none);
  OutlierWindow all;
  std::vector<Duration> latencies;
  for (const OutlierWindow& window : windows) {
    if (!counts(window, rules)) continue;
    all.requests += window.requests;
    all.failures += window.failures;
    latencies.push_back(mean_latency(window));
  }
  if (latencies.size() < 2) return signs;
  const Duration usual = std::max(median(std::move(latencies)), latency_min);
  for (std::size_t at = 0; at < windows.size(); ++at) {
    const OutlierWindow& window = windows[at];
    if (!counts(window, rules)) continue;
    const OutlierWindow peers{.requests = all.requests - window.requests, .failures = all.failures - window.failures};
    if (rules.failure_deviations > 0 && fails_too_much(window, peers, rules.failure_deviations)) {
      signs[at] = OutlierSign::failure_rate;
    } else if (rules.latency_factor > 0 && mean_latency(window) > usual * rules.latency_factor) {
      signs[at] = OutlierSign::latency;
    }
  }
  return signs;
}

EjectionVerdict decide(const EjectionFacts& facts) {
  if (facts.sign == OutlierSign::none) return {.reason = "no_outlier"};
  if (facts.out_of_use) return {.reason = "is_out_of_use"};
  if (facts.endpoints <= 1) return {.reason = "only_one_endpoint"};
  const std::uint64_t share = std::uint64_t{facts.endpoints} * facts.ejected_percent_max / 100;
  const std::uint64_t ejected_max = std::min<std::uint64_t>(std::max<std::uint64_t>(share, 1), facts.endpoints - 1);
  if (facts.ejected >= ejected_max) return {.reason = "enough_are_ejected"};
  Duration duration = std::min(facts.ejection, facts.ejection_max);
  for (std::uint32_t before = facts.ejections_before; before > 0 && duration < facts.ejection_max; --before) {
    duration = duration > facts.ejection_max / 2 ? facts.ejection_max : duration * 2;
  }
  return {.eject = true, .duration = duration, .reason = name_of(facts.sign)};
}

std::uint32_t ejections_remembered(std::uint32_t ejections, Time until, Duration ejection, Time now) {
  if (now <= until || ejection <= Duration::zero()) return ejections;
  const std::int64_t forgotten = (now - until) / ejection;
  return forgotten >= ejections ? 0 : ejections - static_cast<std::uint32_t>(forgotten);
}

}  // namespace weir
