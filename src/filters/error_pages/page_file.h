// Files that a configuration names as pages: where they are, and their bytes.
//
// Idea: a relative name means "beside the file in which it is written", whatever folder Weir was started in, so that a
// configuration and its pages move together. Reading happens while a configuration is built, on the control thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/units.h"
#include "contracts/node.h"

namespace weir {

/// `name` as it stands when it is absolute, else in the folder of the file that `written` names.
std::string page_path(std::string_view name, const Place& written);

/// All bytes of a regular file, or why not, for a person: "No such file or directory", "it has more than 1MiB". Blocks.
std::expected<std::string, std::string> read_page_file(const std::string& path, ByteCount bytes_max);

}  // namespace weir
