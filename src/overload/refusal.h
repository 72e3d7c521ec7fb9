// The words with which a request is refused: by whom, why, and when to come back.
#pragma once

#include <string_view>

#include "contracts/exchange.h"

namespace weir {

struct Refusal {
  std::string_view by;        ///< room of the decision
  std::string_view subject;   ///< name of the breaker or bulkhead
  std::string_view reason;    ///< static, of the decision
  std::string_view sentence;  ///< for people
  Duration wait{};            ///< until it may be worth trying again; at least a second is told
};

/// Leaves Retry-After, a sentence and the reason on the exchange.
/// \returns  the error; nothing of the request was sent to anybody
Error refusal(Exchange& exchange, Code code, const Refusal& refused);

}  // namespace weir
