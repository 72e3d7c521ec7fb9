// One piece in, at most one out; the end waits for its frame.
#include "filters/grpc_web/bodies.h"

#include "base/crypto.h"
#include "filters/grpc_web/translation.h"

namespace weir::grpc_web {

// ---- requests ----

/// Nothing when the piece was too short to tell a byte.
std::optional<Result<Piece>> DecodedBody::take(const Result<Piece>& piece) {
  if (!piece) return piece;
  decoded_.clear();
  const bool good = decoder_.decode(piece->bytes, decoded_) && (!piece->end || decoder_.whole());
  if (!good) return fail(client_error(Code::bad_content_coding, "it is not base64, as application/grpc-web-text says"));
  if (decoded_.empty() && !piece->end) return {};
  return Piece{.bytes = decoded_, .end = piece->end, .trailers = piece->trailers};
}

std::optional<Result<Piece>> DecodedBody::try_read() {
  while (const auto piece = source_->try_read()) {
    if (auto taken = take(*piece)) return taken;
  }
  return {};
}

Task<Result<Piece>> DecodedBody::read() {
  while (true) {
    if (auto taken = take(co_await source_->read())) co_return *taken;
  }
}

// ---- answers ----

Piece WebBody::last_frame() {
  const std::string frame = trailer_frame(trailers_);
  written_ = text_ ? crypto::encode_base64(frame) : frame;
  return {.bytes = written_, .end = true};
}

/// Each piece is padded by itself: whoever waits for a message need not wait for the next.
Result<Piece> WebBody::take(const Result<Piece>& piece) {
  if (!piece) return piece;
  if (piece->end) {
    trailers_ = piece->trailers;
    if (piece->bytes.empty()) return last_frame();
    last_is_due_ = true;
  }
  if (!text_) return Piece{.bytes = piece->bytes};
  written_ = crypto::encode_base64(piece->bytes);
  return Piece{.bytes = written_};
}

std::optional<Result<Piece>> WebBody::try_read() {
  if (last_is_due_) return last_frame();
  const auto piece = source_->try_read();
  return piece ? std::optional<Result<Piece>>(take(*piece)) : std::nullopt;
}

Task<Result<Piece>> WebBody::read() {
  if (last_is_due_) co_return last_frame();
  co_return take(co_await source_->read());
}

}  // namespace weir::grpc_web
