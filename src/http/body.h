// A message body is something you pull.
//
// Idea: whoever writes asks whoever reads for the next piece; nobody asks faster than it can pass on, so backpressure
// is the absence of a pull and needs no code. try_read() gives what is there already, so that a head and its first
// piece leave in one send.
//
//   while (true) {
//     CO_TRY(const Piece piece, co_await body.read());
//     ... pass piece.bytes on before the next suspension, or copy them ...
//     if (piece.end) break;      // trailers, if any, are in piece.trailers
//   }
//
// Invariants
//   (1) After end or an error, do not read again.
//   (2) piece.bytes are valid until the reader suspends (they may lie in the core's scratch).
//   (3) Dropping a body before its end is allowed and tells the source: its connection is condemned or drained.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "runtime/task.h"

namespace weir {

class Fields;

struct Piece {
  std::string_view bytes;            ///< may be empty only together with end
  bool end = false;                  ///< nothing follows these bytes
  const Fields* trailers = nullptr;  ///< with end: the trailer section, if there was one
};

/// Bytes of a file that lie in memory already: whoever can hand them to the kernel need not read them (sendfile).
struct FilePiece {
  int descriptor = -1;  ///< open at least as long as the body
  ByteCount offset = 0;
  ByteCount bytes = 0;
  bool end = false;  ///< nothing follows these bytes
};

class Body {
 public:
  virtual ~Body() = default;

  /// The next piece.
  /// \errors  peer_closed, body_cut_short, bad_chunk_size ... with the origin of the sender; timed_out kinds; canceled
  virtual Task<Result<Piece>> read() = 0;

  /// The next piece if it is there without waiting; nothing otherwise. Same rules as read().
  virtual std::optional<Result<Piece>> try_read() { return {}; }

  /// The next piece as a part of a file, when it can be sent from there without waiting for the disk; nothing
  /// otherwise, and then read() goes on at the same place. A body around another body does not pass this on: whoever
  /// looks at the bytes, or changes them, switches it off by leaving it alone.
  virtual std::optional<Result<FilePiece>> try_file() { return {}; }

  /// Bytes that are still to come, when known.
  [[nodiscard]] virtual std::optional<ByteCount> remaining() const { return {}; }
};

/// Bodies live in an arena: the pointer ends them and leaves the memory to the arena.
struct EndInPlace {
  void operator()(Body* body) const { std::destroy_at(body); }
};
using BodyPointer = std::unique_ptr<Body, EndInPlace>;

/// A body whose bytes are all here (error pages, `respond`). The bytes must outlive it.
class FixedBody final : public Body {
 public:
  explicit FixedBody(std::string_view bytes) : bytes_(bytes) {}

  Task<Result<Piece>> read() override { co_return piece(); }
  std::optional<Result<Piece>> try_read() override { return piece(); }
  [[nodiscard]] std::optional<ByteCount> remaining() const override { return bytes_.size(); }

 private:
  Result<Piece> piece() {
    const std::string_view all = bytes_;
    bytes_ = {};
    return Piece{.bytes = all, .end = true};
  }

  std::string_view bytes_;
};

}  // namespace weir
