// What the world says, written into HTML as text: a name or a path never becomes a tag or ends a quoted value.
#pragma once

#include <string>
#include <string_view>

namespace weir {

/// Appends `text` so that HTML takes it for text, between tags and in quoted values of attributes.
void append_html(std::string& out, std::string_view text);

}  // namespace weir
