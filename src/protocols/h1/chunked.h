// Reads the chunked coding (RFC 9112 section 7.1), strictly and without buffering data.
//
// Idea: a state machine that is fed what arrived and hands out views of the data inside it; only an unfinished size
// line or trailer line is kept (bounded by limits), never data.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "http/fields.h"

namespace weir::h1 {

class ChunkedReader {
 public:
  /// \param trailers  receives the trailer fields (copied into its arena); framing, routing and hop-by-hop names are
  ///                  refused (bad_trailer)
  ChunkedReader(const Limits& limits, Origin sender, Fields& trailers)
      : limits_(limits), sender_(sender), trailers_(trailers) {}

  struct Step {
    std::size_t consumed = 0;  ///< bytes of the input that are done with
    std::string_view data;     ///< body bytes inside the consumed part; may be empty
    bool end = false;          ///< the last chunk and the trailers have been read
  };

  /// Takes a step: consumes framing and at most one run of data from the front of `bytes`.
  /// \pre `bytes` is not empty and end was not reached
  /// \errors  bad_chunk_size, bad_chunk_extension, chunk_line_too_long, bad_chunk_end, bare_line_feed, bad_trailer,
  ///          trailer_too_large
  Result<Step> next(std::span<char> bytes);

 private:
  enum class State : std::uint8_t { size_line, data, data_end, trailer, done };

  Result<std::size_t> read_size_line(std::span<char> bytes);
  Result<std::size_t> read_data_end(std::span<char> bytes);
  Result<std::size_t> read_trailer(std::span<char> bytes);

  const Limits& limits_;
  Origin sender_;
  Fields& trailers_;
  State state_ = State::size_line;
  std::uint64_t chunk_remaining_ = 0;
  std::string partial_;  // an unfinished size line, data end or trailer section
};

}  // namespace weir::h1
