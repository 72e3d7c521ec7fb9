// The process's status as JSON and for people. Pure.
#pragma once

#include <string>

#include "app/process/operations.h"

namespace weir {

std::string status_json(const ProcessStatus& status);
std::string status_text(const ProcessStatus& status);

}  // namespace weir
