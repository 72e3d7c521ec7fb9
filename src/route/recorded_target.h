// What a redirect was found by, as bytes of its record: host, path, and the query where the map looks at one.
#pragma once

#include <string_view>

#include "route/redirect_map.h"

namespace weir {

/// \param map  null where there is none
/// \returns    bytes in the arena; empty when they would be too many
std::string_view pack_target(const RequestHead& request, const RedirectMap* map, Arena& arena);

/// \param request  gets what was packed. \returns  false when the bytes are not what pack_target() made
bool unpack_target(std::string_view facts, RequestHead& request);

}  // namespace weir
