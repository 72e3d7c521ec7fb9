// What became of sticky cookies of an upstream.
#pragma once

#include "upstream/core_counts.h"

namespace weir {

struct alignas(64) StickyCells {
  Cell kept;     ///< tries at the endpoint of a good cookie
  Cell moved;    ///< tries elsewhere than a good cookie says
  Cell refused;  ///< requests that may be answered by that endpoint only
  Cell foreign;  ///< requests with a cookie that no key of ours made
};

class StickyCounts final : public CoreCounts<StickyCells> {
 public:
  using CoreCounts::CoreCounts;
};

}  // namespace weir
