// Reads the head of an HTTP/1 message, strictly.
//
// Problem: two parsers that read the same bytes differently are a request smuggled past one of them.
// Idea: there is one reading, and whatever could have two is refused. Lines end in CRLF; names are tokens; values hold
// no control characters; nothing is folded, trimmed into sense or guessed (RFC 9112 sections 2.2, 3, 5; RFC 9110
// section 5.5). The parser works on the bytes where they lie, lowers names in place, and leaves views; rebase() moves
// the views along when the caller copies the head elsewhere.
//
// Invariants
//   (1) The outcome depends on the bytes alone, not on how they were cut into arrivals: split at every byte gives the
//       same.
//   (2) An error is found at the first byte that proves it, as far as lines allow: garbage is refused before its
//       head ends.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "http/message.h"

namespace weir::h1 {

/// What a parse found: how many bytes the head takes; 0 when more bytes are needed.
using HeadLength = std::size_t;

/// Parses a request head at the front of `bytes`.
///
/// \param bytes   everything received so far, from the first byte of the head (one leading CRLF is passed over,
///                RFC 9112 section 2.2; it counts in the length). Field names are lowered in place.
/// \param request receives method, target, version and raw fields: hop-by-hop and framing fields are still in.
/// \returns  the head's length, or 0: call again from the start with more bytes (request is reset by then).
/// \errors   any of the head codes, origin client
Result<HeadLength> parse_request_head(std::span<char> bytes, const Limits& limits, RequestHead& request);

/// The same for a response head; errors have origin upstream.
Result<HeadLength> parse_response_head(std::span<char> bytes, const Limits& limits, ResponseHead& response);

/// Field lines up to and including the empty line: trailers, and the part both heads share.
Result<std::size_t> parse_field_section(std::span<char> bytes, ByteCount section_bytes_max, const Limits& limits,
                                        Origin sender, Fields& fields);

/// Moves every view of a head that was just parsed from `from`, and not yet interpreted, to the same place in `to`.
void rebase(RequestHead& request, std::span<const char> from, const char* to);
void rebase(ResponseHead& response, std::span<const char> from, const char* to);

/// Gives a parsed request its meaning: target form, authority, canonical path, framing, persistence, expectation,
/// upgrade; takes hop-by-hop fields (and those Connection names) and framing fields out.
/// \errors  missing_host, repeated_host, bad_host, bad_target, bad_path, conflicting_length, repeated_length,
///          bad_length, unsupported_transfer_coding, transfer_coding_in_http10, unsupported_expectation, body_too_large
Result<void> interpret(RequestHead& request, const Limits& limits, Arena& arena);

/// The same for a response to a request with `method` (HEAD and CONNECT change what a length means).
/// \errors  the framing codes, bad_upgrade; origin upstream
Result<void> interpret(ResponseHead& response, Method method, Arena& arena);

}  // namespace weir::h1
