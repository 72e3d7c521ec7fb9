// The fleet is joined at start: what a reload's file says of it is not taken over, which must not go unsaid. A key that
// was taken out of the file would be believed all the same.
#pragma once

#include <optional>

#include "contracts/diagnostics.h"
#include "contracts/fleet.h"

namespace weir {

/// The fleet of the first configuration, for all that follow; null where that had none. Warns where `now` is another.
/// \param start  empty before the first
const FleetSettings* fleet_of_start(std::optional<FleetSettings>& start, const FleetSettings& now,
                                    Diagnostics& diagnostics);

}  // namespace weir
