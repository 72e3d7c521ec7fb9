// An error as people read it: `connect_refused: the upstream refused the connection`.
#pragma once

#include <string>

#include "base/error.h"

namespace weir {

/// Its name, and its detail or else its sentence.
std::string text_of(const Error& error);

}  // namespace weir
