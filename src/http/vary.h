// What of a request an answer was chosen by (RFC 9110 section 12.5.5).
#pragma once

#include <string_view>

#include "http/fields.h"

namespace weir {

/// Adds a field's name to vary, once; `*` says all already. \param name  lower case; must live as long as the answer
void add_vary(Fields& answer, std::string_view name);

}  // namespace weir
