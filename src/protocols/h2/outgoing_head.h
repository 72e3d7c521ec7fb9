// Heads as lines of HTTP/2: composed anew, as everything that leaves Weir.
//
// Invariants
//   (1) No line names what belongs to a connection of HTTP/1 or frames a message: a field of such a name among the
//   head's
//       fields is passed over, so that no filter can put a second opinion on the wire.
#pragma once

#include <span>
#include <string_view>

#include "base/arena.h"
#include "http/message.h"
#include "protocols/h2/codec.h"

namespace weir::h2 {

/// \param date  for an answer that has none; empty: none is needed
std::span<const Line> lines_of(const ResponseHead& head, std::string_view date, Arena& arena);
/// A request that asks for a switch of protocols becomes an extended CONNECT (RFC 8441).
std::span<const Line> lines_of(const RequestHead& head, std::string_view scheme, Arena& arena);
/// Trailers; the content of whom they are has ended.
std::span<const Line> lines_of(const Fields& trailers, Arena& arena);
/// What the lines weigh, as the peer counts them (RFC 9113 section 6.5.2).
std::size_t weight_of(std::span<const Line> lines);

}  // namespace weir::h2
