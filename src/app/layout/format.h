// The one layout of a configuration file: what `weir fmt` writes.
//
// Problem: YAML libraries read a file into values and forget the comments; a formatter that loses a comment, or changes
// what a file means, is never used twice.
// Idea: the file is laid out line by line, as it stands: two blanks for each level, one blank behind a colon or a dash,
// `{ a: b }` and `[a, b]`, comments in their column, at most one empty line. Nothing is reordered, quoted or unquoted.
// Then both texts are parsed: unless they mean the same and have the same comments, nothing is changed and the caller
// is told.
//
// Invariants
//   (1) What is returned parses to an equal tree and has the same comments in the same order.
//   (2) format(format(text)) == format(text).
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace weir::layout {

/// \returns  or why the file is left as it is: it is not YAML, or is written in a way this page does not dare to touch
std::expected<std::string, std::string> format(std::string_view text);

}  // namespace weir::layout
