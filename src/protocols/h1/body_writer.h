// Puts a head and the pieces of a body on the wire.
//
// Idea: one send per message when the first piece is already there: small pieces are copied behind the head, large ones
// go out beside it (writev); with the chunked coding, the framing is composed around the piece in the same memory.
//
// Invariants
//   (1) With a length, exactly that many bytes leave, or the connection is given up: check finished() behind the
//       last piece.
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"
#include "net/stream.h"
#include "protocols/h1/head_writer.h"

namespace weir::h1 {

class BodyWriter {
 public:
  /// \param compose  memory for heads and chunk framing; needed only until each send suspends
  /// \param stall    how long the peer may take nothing
  BodyWriter(Stream& stream, std::span<char> compose, Framing framing, Duration stall)
      : stream_(stream), compose_(compose), kind_(framing.kind), length_left_(framing.length), stall_(stall) {}

  /// `head` lies at the front of the compose memory, or is empty. Awaits like Stream::send.
  Stream::Send& send(std::string_view head, const Piece& piece);
  Stream::Send& send_head(std::string_view head) { return stream_.send(head, stall_); }
  /// A head behind which send_file() follows at once.
  Stream::Send& send_head_before_file(std::string_view head) { return stream_.send_before_more(head, stall_); }
  /// \pre takes_files() and check(piece)
  Stream::Send& send_file(const FilePiece& piece);
  /// Content that needs nothing around it, neither framing nor TLS, can come straight from a file.
  [[nodiscard]] bool takes_files() const { return kind_ != Framing::Kind::chunked && stream_.takes_files(); }

  /// Every byte that was promised has been written.
  [[nodiscard]] bool finished() const { return kind_ != Framing::Kind::length || length_left_ == 0; }
  /// Bytes that were promised and have not been written; nothing when no number was.
  [[nodiscard]] std::optional<ByteCount> promised() const {
    return kind_ == Framing::Kind::length ? std::optional<ByteCount>(length_left_) : std::nullopt;
  }
  /// Whether what the body gave may be sent: no error, and not longer than what was promised.
  [[nodiscard]] Result<void> check(const Result<Piece>& piece) const {
    return piece ? check_length(piece->bytes.size()) : fail(piece.error());
  }
  [[nodiscard]] Result<void> check(const Result<FilePiece>& piece) const {
    return piece ? check_length(piece->bytes) : fail(piece.error());
  }
  [[nodiscard]] ByteCount bytes_written() const { return bytes_written_; }

 private:
  [[nodiscard]] Result<void> check_length(ByteCount bytes) const {
    if (kind_ == Framing::Kind::length && bytes > length_left_) return fail(upstream_error(Code::bad_length));
    return {};
  }

  Stream& stream_;
  std::span<char> compose_;
  Framing::Kind kind_;
  ByteCount length_left_;
  ByteCount bytes_written_ = 0;
  Duration stall_;
};

}  // namespace weir::h1
