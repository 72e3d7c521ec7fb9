// Adding up, and passing on.
#include "filters/limit/fleet/collector.h"

#include <algorithm>
#include <limits>

namespace weir::limit::fleet {
namespace {

/// More than fits is more than any group admits between two reports.
std::uint32_t sum(std::uint32_t one, std::uint32_t other) {
  return other > std::numeric_limits<std::uint32_t>::max() - one ? std::numeric_limits<std::uint32_t>::max()
                                                                 : one + other;
}

}  // namespace

void Collector::hear(MemberNumber from, const Report& report, Time now) {
  voters_.hear(from, report.voters, now);
  for (const ReportEntry& entry : report.entries) {
    const auto found = waiting_.find(entry.key);
    if (found == waiting_.end() && waiting_.size() >= keys_max) continue;
    ReportEntry& waiting = waiting_[entry.key];
    const std::uint32_t offered = sum(waiting.offered, entry.offered);
    const std::uint32_t admitted = sum(waiting.admitted, entry.admitted);
    waiting = entry;
    waiting.offered = offered;
    waiting.admitted = admitted;
  }
}

Report Collector::gather(std::uint8_t slot, Time now) const {
  Report report{.slot = slot, .to = Seat::aggregator, .voters = voters_.count(now), .entries = {}};
  for (const auto& [key, entry] : waiting_) report.entries.push_back(entry);
  keep_heaviest(report.entries);
  return report;
}

void Collector::handed_over(const Report& report, Time now) {
  passed_on_ = now;
  for (const ReportEntry& entry : report.entries) waiting_.erase(entry.key);
}

}  // namespace weir::limit::fleet
