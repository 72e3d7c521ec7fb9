// What a file's name says of its content: the one table from extensions to media types.
//
// From the IANA registry where it has the type (text/javascript is RFC 9239), else what browsers take it for.
#pragma once

#include <string_view>

namespace weir {

/// The media type of a name by its last extension, in any case ("app.JS" is text/javascript); empty when the table does
/// not know it. The text is static.
std::string_view media_type_of(std::string_view file_name);

/// Without the dot: "js" of "app.min.js", empty for ".profile" and "README".
std::string_view extension_of(std::string_view file_name);

/// Whether a type's text needs a charset to be read right: text/* does, others say it themselves.
bool takes_charset(std::string_view media_type);

}  // namespace weir
