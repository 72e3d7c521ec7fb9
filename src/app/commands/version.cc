// `weir version`: one line, so that scripts can read it.
#include "app/commands/version.h"

#include <fmt/format.h>

#include "app/commands/commands.h"

namespace weir {

int version_command(const Arguments&) {
  fmt::print("weir {}\n", version);
  return 0;
}

}  // namespace weir
