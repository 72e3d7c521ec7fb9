// Text from outside on its way to a terminal.
#pragma once

#include <string>
#include <string_view>

namespace weir {

/// What a client wrote may hold anything; a terminal takes only what can be printed. Other bytes become \xHH.
std::string printable(std::string_view text);

}  // namespace weir
