// The part of a request target that names a resource, whatever protocol brought it (RFC 9110 section 7.1).
#pragma once

#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "http/message.h"

namespace weir {

/// Reads `/path?query` into the head's path (canonical) and query.
/// \param rest    visible characters without '#', from the slash on; empty: the target had no path
/// \errors  bad_path (origin client)
Result<void> read_path_and_query(RequestHead& request, std::string_view rest, Arena& arena);

}  // namespace weir
