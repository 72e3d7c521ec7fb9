// A short answer that is kept until all of it is here: `retries: { held_answer: 64KiB }`.
//
// Problem: a server that dies, resets or begins to drip in the middle of an answer has been believed already: its head
// is with the client, nothing can be tried again, and all that is left is to cut the answer.
// Idea: an answer whose length is told, and small, is read whole before anybody hears of it. Until then it is a try
// like any other: it fails, and is tried elsewhere; it takes too long, and `timeouts.attempt` or a hedge ends it. The
// price is memory, and that its first byte comes with its last. What has no length told (a stream, most likely) is
// passed on as it comes, as is what is longer.
//
// Invariants
//   (1) A held answer has released its connection.
//   (2) Nothing is held while its request is still being sent: what is begun again must have ended.
#pragma once

#include "contracts/exchange.h"

namespace weir {

/// Whether hold() has something to do. Pure.
/// \param bytes_max  longest answer that is held; 0: none is
bool is_held(const Answer& answer, ByteCount bytes_max, bool upload_running);

/// Reads the body of `answer` and puts one of the same bytes in its place.
/// \pre     is_held()
/// \errors  of the body; those that the upstream caused may be tried again where the request may be repeated
Task<Result<void>> hold(Exchange& exchange, Answer& answer);

}  // namespace weir
