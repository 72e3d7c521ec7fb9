// Whether an endpoint fails more than it should: pure functions of what was counted.
//
// Problem: an endpoint that fails fast draws traffic to itself, and one that fails a little is seen only beside its
// peers. But a bug in the application makes all fail alike, and then nobody is an outlier; and an endpoint that was
// left alone must come back, carefully.
// Idea: three signs. So many errors in a row. A share of failures that the peers' share does not explain: with n
// requests and the peers' share p, chance alone makes n p failures with a standard deviation of sqrt(n p (1 - p)); this
// binomial test needs no large group, where the deviation over the endpoints does (of five values none can lie 1.9
// deviations away, so that Envoy's default never acts below six). A mean latency of so many times the peers' median.
// An ejection takes twice as long as the one before it, which is forgotten step by step in good times; and only a share
// of the endpoints is ejected at once, never the last. Every ejection that still runs counts towards the share, also of
// one that its checks found down since: when all fail together, all would be ejected one after the other.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "upstream/health_rules.h"

namespace weir {

enum class OutlierSign : std::uint8_t { none, consecutive_errors, failure_rate, latency };
std::string_view name_of(OutlierSign sign);

/// What one endpoint did within an interval.
struct OutlierWindow {
  std::uint64_t requests = 0;  ///< that were answered or failed
  std::uint64_t failures = 0;
  Duration latency{};  ///< of all together, to the head of the answer
};

/// Pure. \returns  a sign for each window, in their order
std::vector<OutlierSign> find_outliers(std::span<const OutlierWindow> windows, const OutlierRules& rules);

struct EjectionFacts {
  OutlierSign sign = OutlierSign::none;
  std::uint32_t endpoints = 0;         ///< that operators allow
  std::uint32_t ejected = 0;           ///< whose ejection still runs, whatever else is known of them
  bool out_of_use = false;             ///< its checks found it down: leaving it alone is nothing new
  std::uint32_t ejections_before = 0;  ///< of this one that are not forgotten
  std::uint32_t ejected_percent_max = 0;
  Duration ejection{};
  Duration ejection_max{};
};

struct EjectionVerdict {
  bool eject = false;
  Duration duration{};
  std::string_view reason;  ///< static: the sign's name, or what forbids it
};

/// Pure.
EjectionVerdict decide(const EjectionFacts& facts);

/// Of `ejections` that ended at `until`, those not yet forgotten: one goes for each `ejection` of good times.
std::uint32_t ejections_remembered(std::uint32_t ejections, Time until, Duration ejection, Time now);

}  // namespace weir
