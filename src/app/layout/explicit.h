// A configuration with everything written out: long forms, and every default that holds.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace weir::layout {

/// One file's text as `weir fmt --explicit` prints it, without comments: to be read, and to be run if one likes.
/// \returns  or what is wrong with the file
std::expected<std::string, std::string> explicit_text(std::string_view text);

}  // namespace weir::layout
