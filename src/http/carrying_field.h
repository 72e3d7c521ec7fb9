// Fields that say how a message is carried, and not what it is.
//
// Problem: codecs take them out (Connection is for one connection, Content-Length is in the framing, Host in the
// authority), so that a rule which asks for one would silently never hold.
// Idea: whoever lets people name a header asks here, and says so instead.
#pragma once

#include <string_view>

namespace weir {

/// Whether codecs take requests' fields of that name out before any rule is asked.
/// \param name  in lower case
bool carries_request(std::string_view name);

}  // namespace weir
