// Says which belief was wrong and where, then stops.
#include "base/invariant.h"

#include <cstdio>
#include <cstdlib>

namespace weir {

void invariant_broken(const char* sentence, std::source_location where) {
  std::fprintf(stderr, "%s:%u: invariant broken in %s: %s\n", where.file_name(), where.line(), where.function_name(),
               sentence);
  std::abort();
}

}  // namespace weir
