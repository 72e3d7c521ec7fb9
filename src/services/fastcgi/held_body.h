// Content of unknown length, read to its end before anything is sent.
//
// Problem: a CGI program reads as many bytes as CONTENT_LENGTH says; a chunked request does not say. PHP takes such a
// request for one without content.
// Idea: a little of it is held in memory until its length is known; what is longer is refused with 411, so that a
// client can say its length and stream as much as it likes.
#pragma once

#include <string>

#include "http/body.h"

namespace weir {

/// Plays what was read. Keeps the source, which the client's session still asks about.
class HeldBody final : public Body {
 public:
  HeldBody(BodyPointer source, std::string content) : source_(std::move(source)), content_(std::move(content)) {}

  Task<Result<Piece>> read() override { co_return piece(); }
  std::optional<Result<Piece>> try_read() override { return piece(); }
  [[nodiscard]] std::optional<ByteCount> remaining() const override { return given_ ? 0 : content_.size(); }

 private:
  Result<Piece> piece() {
    const std::string_view all = given_ ? std::string_view() : std::string_view(content_);
    given_ = true;
    return Piece{.bytes = all, .end = true};
  }

  BodyPointer source_;
  std::string content_;
  bool given_ = false;
};

/// Reads `body` to its end. \errors  length_required (origin client) beyond `bytes_max`; those of the body
Task<Result<std::string>> read_whole(Body& body, ByteCount bytes_max);

}  // namespace weir
