// What only our own bug can break.
//
// A peer, a disk or a configuration causes a Result; a broken invariant stops the process with the place and
// the sentence, in production too: going on with a broken belief is how gateways leak one user's answer to another.
#pragma once

#include <source_location>

namespace weir {

[[noreturn]] void invariant_broken(const char* sentence, std::source_location where);

/// \param sentence  the belief, as it should have been: "a leased slot has no exchange in progress"
inline void invariant(bool holds, const char* sentence, std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]] {
    invariant_broken(sentence, where);
  }
}

}  // namespace weir
