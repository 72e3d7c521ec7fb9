// What limits have decided, and whom they refuse most: the page behind /limits, and their family of metrics.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/admin/exposition.h"
#include "app/admin/limits_bounds.h"
#include "app/admin/limits_owned.h"
#include "app/admin/limits_redis.h"
#include "base/heavy_keys.h"
#include "contracts/shared_states.h"

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
  Promise promise;
  std::uint64_t admitted = 0;
  std::uint64_t refused = 0;
  std::uint64_t delayed = 0;
  std::uint64_t would_refuse = 0;
  std::vector<HeavyKey> heavy;  ///< the most refused first
  std::optional<QuotaNow> quota;
  std::optional<OwnedTotals> owned;  ///< of a fleet's rule that owners decide
};

/// What the exchange with other machines does; all zeros without one.
struct FleetTotals {
  std::uint64_t members = 0;
  std::uint64_t members_heard = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t refused = 0;
  std::uint64_t hot_keys = 0;
  std::uint64_t slots_whole = 0;  ///< thirds of the keys by what holds for them: the limit of all,
  std::uint64_t slots_kept = 0;   ///< the last ratio,
  std::uint64_t slots_share = 0;  ///< this machine's share
  std::uint64_t aggregates = 0;
  std::uint64_t suspected = 0;  ///< members that do not answer as owners of small limits
};
FleetTotals fleet_totals(SharedStates& states);

/// By name; from any thread. \param now  what quotas go by; none leaves them out
std::vector<LimitTotals> limit_totals(SharedStates& states, std::optional<WallTime> now = {});

std::string limits_json(const std::vector<LimitTotals>& totals, const FleetTotals& fleet = {},
                        const std::vector<RedisTotals>& redis = {});
std::string limits_text(const std::vector<LimitTotals>& totals, const FleetTotals& fleet = {});
void add_fleet(Exposition& page, const FleetTotals& fleet);
void add_limits(Exposition& page, const std::vector<LimitTotals>& totals);

}  // namespace weir
