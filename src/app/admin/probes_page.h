// What became of questions for servers' loads: their families of metrics, by upstream.
#pragma once

#include "app/admin/exposition.h"
#include "contracts/shared_states.h"

namespace weir {

/// From any thread.
void add_load_probes(Exposition& page, SharedStates& states);

}  // namespace weir
