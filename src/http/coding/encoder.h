// Bytes into a content coding, piece by piece (RFC 9110 section 8.4.1).
//
// Problem: what makes compression expensive in a server is less the compressing than the setting up: each stream wants
// a few hundred kilobytes of tables, and to allocate and clear them costs more than a small answer is worth.
// Idea: an encoder is an object that is begun again and again; its memory is allocated once, and begin() clears only
// what the library must. Who lends encoders out, and how many, is not decided here. Each library sits behind one file.
//
// What each of them is, on 400 KB of text, one core [measured, Debian 12]:
//   kind         library      effort  ratio  MB/s   memory
//   gzip_fast    ISA-L 2.30   medium  4.85   678    230 KiB   nginx at its default, zlib 1: 4.72 and 167
//   gzip_dense   zlib 1.2.13  high    5.87    64    265 KiB
//   brotli       1.0.9        medium  6.06   120    1.3 MiB
//   zstd         1.5.4        medium  5.72   367    1.2 MiB
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "http/accept_encoding.h"

namespace weir {

/// How much time a byte less is worth.
enum class Effort : std::uint8_t { low, medium, high };
std::string_view name_of(Effort effort);

/// What is to become of the bytes given so far: kept for better matches, readable by the other side at once, or ended.
enum class Demand : std::uint8_t { more, flush, finish };

class Encoder {
 public:
  virtual ~Encoder() = default;

  /// Begins a new stream; whatever was begun before is forgotten.
  virtual void begin(Effort effort) = 0;

  /// Takes bytes from the front of `input`, puts coded ones to the front of `output`, and moves both forward. A demand
  /// is repeated, with what is left of the input, until it is fulfilled.
  /// \returns  whether it is fulfilled: all input is taken and, after flush and finish, all output is out; false asks
  ///           for more room
  virtual bool encode(std::string_view& input, std::span<char>& output, Demand demand) = 0;
};

/// Which implementation: what an encoder in a cache is known by.
enum class EncoderKind : std::uint8_t { gzip_fast, gzip_dense, brotli, zstd };
inline constexpr std::size_t encoder_kinds = 4;

/// \pre  coding is gzip, brotli or zstd
EncoderKind encoder_kind(ContentCoding coding, Effort effort);
std::unique_ptr<Encoder> make_encoder(EncoderKind kind);
/// What one holds at most once it was used, in bytes; from the libraries' own tables, rounded up.
std::size_t memory_of(EncoderKind kind);

// The libraries, one file each.
std::unique_ptr<Encoder> make_isal_encoder();    // isal.cc
std::unique_ptr<Encoder> make_zlib_encoder();    // zlib.cc
std::unique_ptr<Encoder> make_brotli_encoder();  // brotli.cc
std::unique_ptr<Encoder> make_zstd_encoder();    // zstd.cc

}  // namespace weir
