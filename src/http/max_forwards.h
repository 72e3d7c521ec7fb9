// Max-Forwards: how many more times TRACE and OPTIONS may be forwarded, by which people find out who stands in the way.
#pragma once

#include <cstdint>
#include <optional>

#include "http/message.h"

namespace weir {

/// What is left when a request comes here; 0: it is answered here. Empty where nothing limits it: of other methods the
/// field says nothing, and what is no number neither (RFC 9110 section 7.6.2).
std::optional<std::uint64_t> forwards_left(const RequestHead& request);

}  // namespace weir
