// What became of the questions for their load that servers of an upstream were asked.
#pragma once

#include "upstream/core_counts.h"

namespace weir {

struct alignas(64) ProbeCells {
  Cell reported;  ///< probes that came back with a report
  Cell silent;    ///< ... with an answer that holds none, or not with 2xx
  Cell failed;    ///< ... with none: refused, reset, too late
  Cell skipped;   ///< not sent: the server still owes the answer to the one before
  Cell picks;     ///< requests that were sent where a report said
};

class ProbeCounts final : public CoreCounts<ProbeCells> {
 public:
  using CoreCounts::CoreCounts;
};

}  // namespace weir
