// What became of sticky cookies: their family of metrics, by upstream.
#pragma once

#include "app/admin/exposition.h"
#include "contracts/shared_states.h"

namespace weir {

/// From any thread.
void add_sticky(Exposition& page, SharedStates& states);

}  // namespace weir
