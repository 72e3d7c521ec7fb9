// Decoding one buffer at a time, and counting.
#include "base/limits.h"
#include "filters/decompress/decompress.h"

namespace weir {
namespace {

constexpr std::size_t room_bytes = 32 * 1024;

}  // namespace

DecoderMemory& DecoderMemory::of(Shard& shard) {
  static const StateKey key("decompress");
  return shard.state<DecoderMemory>(key, [] { return std::make_unique<DecoderMemory>(); });
}

DecodedBody::DecodedBody(BodyPointer source, std::unique_ptr<Decoder> decoder, DecodingBounds bounds,
                         DecoderMemory& memory)
    : source_(std::move(source)), decoder_(std::move(decoder)), bounds_(bounds), memory_(memory) {}

DecodedBody::~DecodedBody() {
  memory_.bytes -= held_;
}

void DecodedBody::take(const Result<Piece>& piece) {
  if (!piece) {
    error_ = piece.error();
    return;
  }
  input_ = piece->bytes;
  coded_bytes_ += piece->bytes.size();
  source_ended_ = piece->end;
  trailers_ = piece->trailers;
}

Result<void> DecodedBody::check_bounds() {
  if (decoded_bytes_ > bounds_.bytes) return fail(client_error(Code::body_too_large, "once it was decoded"));
  const ByteCount used = coded_bytes_ - input_.size();
  if (decoded_bytes_ > DecodingBounds::ratio_from && decoded_bytes_ / bounds_.ratio > used) {
    return fail(client_error(Code::body_expands_too_much));
  }
  const std::size_t holds = decoder_->memory() + room_bytes + rest_.capacity();
  memory_.bytes += holds - held_;
  held_ = holds;
  if (memory_.bytes > limits::decoders_bytes) return fail(gateway_error(Code::out_of_memory));
  return {};
}

/// The next decoded bytes; empty when there is no more input.
Result<std::string_view> DecodedBody::decode_some() {
  if (room_ == nullptr) room_ = std::make_unique_for_overwrite<char[]>(room_bytes);
  std::span<char> left(room_.get(), room_bytes);
  TRY_VOID(decoder_->decode(input_, left));
  output_was_full_ = left.empty();
  const std::string_view decoded(room_.get(), room_bytes - left.size());
  decoded_bytes_ += decoded.size();
  // The reader may wait before it comes back, and the piece does not live longer than that.
  const bool kept = input_.size() <= rest_.size() && input_.data() == rest_.data() + (rest_.size() - input_.size());
  if (!input_.empty() && !kept) {
    rest_.assign(input_);
    input_ = rest_;
  }
  TRY_VOID(check_bounds());
  return decoded;
}

/// A body without a byte needs no coding to be empty.
Result<Piece> DecodedBody::end() const {
  if (coded_bytes_ > 0 && !decoder_->whole()) {
    return fail(client_error(Code::bad_content_coding, "it ends in the middle"));
  }
  return Piece{.bytes = {}, .end = true, .trailers = trailers_};
}

/// What can be said without asking the source again.
std::optional<Result<Piece>> DecodedBody::next() {
  if (error_) return fail(*error_);
  if (!input_.empty() || output_was_full_) {
    const Result<std::string_view> decoded = decode_some();
    if (!decoded) {
      error_ = decoded.error();
      return fail(*error_);
    }
    if (!decoded->empty()) return Piece{.bytes = *decoded};
  }
  if (source_ended_) return end();
  return {};
}

std::optional<Result<Piece>> DecodedBody::try_read() {
  while (true) {
    if (auto ready = next()) return ready;
    const std::optional<Result<Piece>> piece = source_->try_read();
    if (!piece) return {};
    take(*piece);
  }
}

Task<Result<Piece>> DecodedBody::read() {
  while (true) {
    if (auto ready = try_read()) co_return *ready;
    take(co_await source_->read());
  }
}

}  // namespace weir
