// Writes heads anew: what leaves Weir was composed by Weir, never copied from what came in.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace weir::h1 {

/// Bytes appended to a fixed piece of memory; overflow is remembered, never written.
class HeadBuffer {
 public:
  explicit HeadBuffer(std::span<char> memory)
      : begin_(memory.data()), next_(memory.data()), end_(memory.data() + memory.size()) {}

  void append(std::string_view text);
  void append_number(std::uint64_t number);
  /// `name: value` and the line's end, with one look at the room: most of a head is made of these.
  void append_line(std::string_view name, std::string_view value);
  [[nodiscard]] bool overflowed() const { return overflowed_; }
  [[nodiscard]] std::string_view written() const { return {begin_, static_cast<std::size_t>(next_ - begin_)}; }
  [[nodiscard]] std::span<char> room() const { return {next_, end_}; }

 private:
  char* begin_;
  char* next_;
  char* end_;
  bool overflowed_ = false;
};

/// A request as it goes to an upstream: origin-form target (asterisk for OPTIONS *), HTTP/1.1, host first, then the
/// fields in their order, then framing; `connection: upgrade` with the protocol when request.upgrade is not empty;
/// `te: trailers` is sent when accepts_trailers.
void write_request_head(HeadBuffer& out, const RequestHead& request);

/// How the connection goes on after a response.
enum class Persistence : std::uint8_t { keep_alive, close };

/// A response as it goes to a client of `client_version`. Framing as in response.framing (none writes neither length
/// nor coding); adds `date` when the response has none (from `date`, IMF-fixdate); writes `connection: close`, or
/// `connection: keep-alive` for HTTP/1.0 clients; a 101, and a 426 that names a protocol, writes `connection: upgrade`.
void write_response_head(HeadBuffer& out, const ResponseHead& response, Version client_version, Persistence persistence,
                         std::string_view date);

/// `1a4\r\n` before a chunk; the caller appends the data and CRLF.
void write_chunk_line(HeadBuffer& out, std::size_t bytes);
/// `0\r\n`, the trailer fields, and the empty line.
void write_last_chunk(HeadBuffer& out, const Fields* trailers);

}  // namespace weir::h1
