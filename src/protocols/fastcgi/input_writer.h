// Sends the content of a request as STDIN.
//
// Invariants
//   (1) The end of the stream is sent only behind exactly the bytes that CONTENT_LENGTH promised: the session looks at
//       promised() before each piece.
#pragma once

#include <optional>
#include <string_view>

#include "http/body.h"
#include "net/stream.h"
#include "protocols/fastcgi/records.h"
#include "runtime/task.h"

namespace weir::fastcgi {

class InputWriter {
 public:
  /// \param length  bytes promised; \param stall  how long the upstream may take nothing
  InputWriter(Stream& stream, ByteCount length, Duration stall) : stream_(stream), left_(length), stall_(stall) {}

  /// Sends `front` (a head, or nothing) and the piece behind it. \errors  those of Stream::send
  Task<Result<void>> send(std::string_view front, Piece piece);
  Stream::Send& send_head(std::string_view head) { return stream_.send(head, stall_); }
  /// Bytes of content that are still to come.
  [[nodiscard]] std::optional<ByteCount> promised() const { return left_; }

 private:
  Stream& stream_;
  ByteCount left_;
  Duration stall_;
};

}  // namespace weir::fastcgi
