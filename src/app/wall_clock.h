// The machine's clock, for those who are on no core: the control thread and the commands. Cores ask their reactor.
#pragma once

#include <chrono>

#include "base/units.h"

namespace weir {

inline WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

}  // namespace weir
