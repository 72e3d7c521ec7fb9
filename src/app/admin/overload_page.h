// What breakers and bulkheads do: their families of metrics. Labels are the names that a configuration gives.
#pragma once

#include "app/admin/exposition.h"
#include "contracts/shared_states.h"

namespace weir {

/// From any thread.
void add_overload(Exposition& page, SharedStates& states);

}  // namespace weir
