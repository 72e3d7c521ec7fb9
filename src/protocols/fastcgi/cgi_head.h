// The head of an answer as CGI programs write it: field lines, an empty line, and three names with a meaning.
//
// What is strict here as in HTTP: names are tokens, values hold no controls, nothing is folded, lengths are said once
// and plainly, and limits hold. What differs: a line may end in LF alone (RFC 3875 section 6.2 leaves it to the system,
// and scripts print "\n"). Nobody behind us reads these bytes again, so that this has one reading only.
//
//   Status: 404 Not Found    the status; a number from 200 to 599
//   Location: /new           without Status: 302 (RFC 3875 section 6.3.4; an internal redirect is never made)
//   Content-Length: 12       frames the content, where there is any
//
// Fields about a connection (Connection, Keep-Alive, Upgrade ...) are nobody's business behind CGI and go.
// Transfer-Encoding is refused: somebody has coded the content for a connection that does not exist.
#pragma once

#include <span>

#include "base/limits.h"
#include "http/message.h"

namespace weir::fastcgi {

/// Where the head at the front of `text` ends, behind its empty line; 0 while there is none.
/// \param looked_at  bytes of `text` that an earlier call has seen without finding it
std::size_t find_head_end(std::string_view text, std::size_t looked_at = 0);

/// Reads a whole head. Names are lowered in place; the views point into `text`.
/// \param method  of the request: HEAD is answered without content
/// \errors  origin upstream: the field codes, malformed_status_line, repeated_length, bad_length,
///          unsupported_transfer_coding, missing_response_head when there is not one field
Result<void> parse_cgi_head(std::span<char> text, Method method, const Limits& limits, ResponseHead& head);

}  // namespace weir::fastcgi
