// The history for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "app/history/entry.h"

namespace weir::history {

/// Youngest first. \param running  the hash that runs now; may be empty
std::string history_text(const std::vector<Told>& entries, std::string_view running);
std::string history_json(const std::vector<Told>& entries, std::string_view running);

}  // namespace weir::history
