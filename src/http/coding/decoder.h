// A content coding back into bytes, piece by piece.
//
// Idea: the caller gives input and room, and so decides how much may come out; what is too much (a bomb) is a question
// for whoever counts, not for a library. What a decoder holds in memory depends on the stream, since its window is the
// sender's choice: it tells, after every call.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "http/accept_encoding.h"

namespace weir {

class Decoder {
 public:
  virtual ~Decoder() = default;

  /// Takes bytes from the front of `input`, puts decoded ones to the front of `output`, and moves both forward, until
  /// the input is used up and nothing more comes of it, or the room is.
  /// \errors  bad_content_coding, origin client: the bytes are not of this coding, or something follows their end
  virtual Result<void> decode(std::string_view& input, std::span<char>& output) = 0;

  /// Whether what was given so far could end here: at the end of a gzip member, a zstd frame, the brotli stream.
  [[nodiscard]] virtual bool whole() const = 0;

  /// Bytes held now. At most 64 KiB for gzip, 9 MiB for zstd (RFC 9659: windows up to 8 MiB), 17 MiB for brotli.
  [[nodiscard]] virtual std::size_t memory() const = 0;
};

/// Null for what has no decoder: identity, deflate (which senders never agreed on, RFC 9110 section 8.4.1.2).
std::unique_ptr<Decoder> make_decoder(ContentCoding coding);

// The libraries, one file each.
std::unique_ptr<Decoder> make_gzip_decoder();    // zlib.cc
std::unique_ptr<Decoder> make_brotli_decoder();  // brotli.cc
std::unique_ptr<Decoder> make_zstd_decoder();    // zstd.cc

}  // namespace weir
