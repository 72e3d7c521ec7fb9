// What a group reports, added up on its way to the aggregator (tree.h).
//
// Idea: counts of one key are added until they are passed on, which is done as soon as something has come and the last
// time is long enough ago. A report thus waits here for a part of an interval, not for a whole one.
//
// Invariants
//   (1) Counts are passed on once; what could not be sent stays for the next time.
//   (2) At most `keys_max` keys; what finds no room was counted by its member alone.
#pragma once

#include <unordered_map>

#include "filters/limit/fleet/message.h"
#include "filters/limit/fleet/voters.h"

namespace weir::limit::fleet {

class Collector {
 public:
  /// \param breath  what comes within this time is passed on together
  Collector(std::size_t members, Duration breath) : breath_(breath), voters_(members) {}

  void hear(MemberNumber from, const Report& report, Time now);
  /// Whether there is something to pass on, and it is time.
  [[nodiscard]] bool is_due(Time now) const { return !waiting_.empty() && now - passed_on_ >= breath_; }
  /// All that waits, for the aggregator.
  [[nodiscard]] Report gather(std::uint8_t slot, Time now) const;
  void handed_over(const Report& report, Time now);
  /// Nobody was there to take it, for too long: it is not from now any more.
  void forget() { waiting_.clear(); }

  [[nodiscard]] Voters& voters() { return voters_; }
  [[nodiscard]] const Voters& voters() const { return voters_; }

 private:
  const Duration breath_;
  std::unordered_map<Fingerprint, ReportEntry> waiting_;
  Voters voters_;
  Time passed_on_{};
};

}  // namespace weir::limit::fleet
