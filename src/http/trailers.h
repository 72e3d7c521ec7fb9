// Which fields may come behind the content of a message (RFC 9110 section 6.5.1).
#pragma once

#include "http/fields.h"

namespace weir {

/// Fields that may come late: they describe the content and decide nothing. All other fields that Weir knows frame,
/// route, authenticate or control, and have no place in a trailer.
bool may_trail(const Field& field);

}  // namespace weir
