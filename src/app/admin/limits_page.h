// What limits have decided, and whom they refuse most: the page behind /limits, and their family of metrics.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/admin/exposition.h"
#include "contracts/shared_states.h"
#include "filters/limit/heavy_keys.h"

namespace weir {

/// Of a quota: when its present period ends, and what those who spend most have left.
struct QuotaNow {
  struct Key {
    std::string text;
    std::uint64_t left;
  };
  std::int64_t ends = 0;  ///< seconds since 1970
  std::vector<Key> keys;  ///< whoever has least left first
};

/// The rules of one name and allowance, added up over routes and cores.
struct LimitTotals {
  std::string name;
  std::string allowance;
  std::uint64_t admitted = 0;
  std::uint64_t refused = 0;
  std::uint64_t delayed = 0;
  std::uint64_t would_refuse = 0;
  std::vector<limit::HeavyKey> heavy;  ///< the most refused first
  std::optional<QuotaNow> quota;
};

/// By name; from any thread. \param now  what quotas go by; none leaves them out
std::vector<LimitTotals> limit_totals(SharedStates& states, std::optional<WallTime> now = {});

std::string limits_json(const std::vector<LimitTotals>& totals);
std::string limits_text(const std::vector<LimitTotals>& totals);
void add_limits(Exposition& page, const std::vector<LimitTotals>& totals);

}  // namespace weir
