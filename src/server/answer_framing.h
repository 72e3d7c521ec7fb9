// Answers that have no content, whatever was made for them: to HEAD, and those whose status says so.
#pragma once

#include "contracts/exchange.h"

namespace weir {

/// Takes the content from an answer that may have none. HEAD tells the length that GET would have sent (RFC 9110
/// section 9.3.2). \returns  whether it was one of those; then it is framed: with nothing
bool take_content_from_those_without(Method asked_with, Answer& answer);

}  // namespace weir
