// What fuzz targets demand of every JudgeAnswer (contracts/health_check.h).
#pragma once

#include "base/testing/fuzz.h"
#include "contracts/health_check.h"

namespace weir {

inline bool same_result(const ProbeResult& one, const ProbeResult& other) {
  return one.passed == other.passed && one.reason == other.reason && one.number == other.number;
}

/// Any bytes are an answer of some kind, what has come decides as soon as it can, and more of it changes nothing.
inline void demand_steady_verdict(std::string_view answer, const JudgeAnswer& judge) {
  const std::optional<ProbeResult> last = judge(answer, true);
  demand(last && !last->reason.empty());
  for (std::size_t come = 0; come <= answer.size(); ++come) {
    const std::optional<ProbeResult> early = judge(answer.substr(0, come), false);
    if (!early) continue;
    demand(same_result(*early, *last));
    return;  // whoever has a verdict reads no further
  }
}

}  // namespace weir
