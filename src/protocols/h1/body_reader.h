// Reads the content of a message from its connection, whatever tells where it ends.
//
// Idea: both sides of the gateway read bodies the same way; only whose fault an error is and how long to wait differ.
// Pieces are views of what was received: nothing is copied, nothing is collected.
//
// Invariants
//   (1) Not a byte behind the end of the message is consumed: what follows stays in the inbox.
//   (2) After an error or the end, ended() or failed() says so and nothing more is read.
#pragma once

#include <optional>

#include "base/limits.h"
#include "http/body.h"
#include "http/message.h"
#include "net/inbox.h"
#include "protocols/h1/chunked.h"

namespace weir::h1 {

class BodyReader {
 public:
  /// \param timeout_code  what a wait that takes too long is called
  BodyReader(Inbox& inbox, Framing framing, const Limits& limits, Origin sender, Code timeout_code, Arena& arena);

  BodyReader(const BodyReader&) = delete;  // the chunked reader points at our trailers
  BodyReader& operator=(const BodyReader&) = delete;

  /// The next piece if it has been received already.
  std::optional<Result<Piece>> try_next();
  /// The next piece. \param timeout  longest wait for more bytes
  Task<Result<Piece>> next(Duration timeout);

  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::optional<ByteCount> remaining() const;
  [[nodiscard]] ByteCount bytes_read() const { return bytes_read_; }

 private:
  std::optional<Result<Piece>> next_of_length();
  std::optional<Result<Piece>> next_of_chunked();
  std::optional<Result<Piece>> next_until_close();
  Result<Piece> end(std::string_view last_bytes);
  Result<Piece> failure(Error error);
  Result<Piece> at_end_of_stream();

  Inbox& inbox_;
  Framing::Kind kind_;
  bool ended_ = false;
  bool failed_ = false;
  Origin sender_;
  Code timeout_code_;
  ByteCount remaining_;
  ByteCount bytes_read_ = 0;
  Fields trailers_;
  std::optional<ChunkedReader> chunked_;
};

}  // namespace weir::h1
