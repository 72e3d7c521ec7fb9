// The contents of both directions, translated while they are pulled.
#pragma once

#include <optional>
#include <string>

#include "filters/grpc_web/base64_stream.h"
#include "http/body.h"

namespace weir::grpc_web {

/// A request's content out of base64.
class DecodedBody final : public Body {
 public:
  explicit DecodedBody(BodyPointer source) : source_(std::move(source)) {}

  Task<Result<Piece>> read() override;
  std::optional<Result<Piece>> try_read() override;

 private:
  std::optional<Result<Piece>> take(const Result<Piece>& piece);

  BodyPointer source_;
  Base64Decoder decoder_;
  std::string decoded_;
};

/// An answer's content with its trailers as the last frame, in base64 where that is spoken.
class WebBody final : public Body {
 public:
  WebBody(BodyPointer source, bool text) : source_(std::move(source)), text_(text) {}

  Task<Result<Piece>> read() override;
  std::optional<Result<Piece>> try_read() override;

 private:
  Result<Piece> take(const Result<Piece>& piece);
  Piece last_frame();

  BodyPointer source_;
  const bool text_;
  std::string written_;  // what a piece was turned into
  bool last_is_due_ = false;
  const Fields* trailers_ = nullptr;
};

}  // namespace weir::grpc_web
