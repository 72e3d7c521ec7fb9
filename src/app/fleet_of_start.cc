// What the first configuration said is kept; what a later one says is compared with it.
#include "app/fleet_of_start.h"

namespace weir {

const FleetSettings* fleet_of_start(std::optional<FleetSettings>& start, const FleetSettings& now,
                                    Diagnostics& diagnostics) {
  if (!start) start = now;
  if (*start != now) {
    diagnostics.warning({}, "fleet", "the fleet is joined at start: what has changed here does not hold yet",
                        "restart this machine to take it over");
  }
  return start->configured() ? &*start : nullptr;
}

}  // namespace weir
