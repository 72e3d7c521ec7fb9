// Text for manual pages: mdoc(7) gives some characters a meaning, and lines that begin with a dot too.
#pragma once

#include <string>
#include <string_view>

namespace weir::reference::roff {

/// Within a line.
std::string text(std::string_view text);
/// One argument of a macro, blanks and all.
std::string argument(std::string_view text);
/// Begins large, ends with a full stop.
std::string sentence(std::string_view text);
/// Lines of running text, line end included.
std::string paragraph(std::string_view text);
/// Running text in which an indented block is an example and an empty line begins a paragraph.
std::string literal_paragraphs(std::string_view text);

}  // namespace weir::reference::roff
