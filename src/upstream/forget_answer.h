// An answer that nobody will get, because another is asked for in its place.
#pragma once

#include "base/limits.h"
#include "contracts/exchange.h"

namespace weir {

/// Reads what is here of it, up to a bound and without waiting: when that was all, its connection can serve another
/// request. To be dropped afterwards.
inline void forget_answer(const Answer& answer) {
  ByteCount read = 0;
  while (answer.body != nullptr && read < limits::forgotten_answer_bytes) {
    const std::optional<Result<Piece>> piece = answer.body->try_read();
    if (!piece || !*piece || (*piece)->end) return;
    read += (*piece)->bytes.size();
  }
}

}  // namespace weir
