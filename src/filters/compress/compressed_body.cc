// Taking, encoding, giving.
#include "filters/compress/compressed_body.h"

namespace weir {
namespace {

// So much is worth a send of its own; more at once would only wait.
constexpr std::size_t piece_bytes = 16 * 1024;
// So much of the source, however small it becomes, is compressed before others get their turn: about a millisecond.
constexpr std::size_t taken_bytes_max = 256 * 1024;
// An encoder that has less room than this may not be able to do anything at all.
constexpr std::size_t room_bytes_min = 1024;

}  // namespace

CompressedBody::CompressedBody(BodyPointer source, Encoders& encoders, EncoderKind kind, Effort effort)
    : source_(std::move(source)), encoders_(encoders), kind_(kind), effort_(effort), output_(encoders.lend_bytes()) {}

CompressedBody::~CompressedBody() {
  release_encoder();
  encoders_.take_back_bytes(std::move(output_));
}

void CompressedBody::release_encoder() {
  if (encoder_ != nullptr) encoders_.take_back(kind_, std::move(encoder_));
}

BodyBeginning CompressedBody::begin(ByteCount minimum) {
  std::optional<Result<Piece>> piece = source_->try_read();
  std::optional<Result<Piece>> second;
  if (piece && *piece && !(*piece)->end) {
    second = source_->try_read();
    // An end that comes by itself belongs to the piece before it: both are valid until somebody suspends.
    if (second && *second && (*second)->end && (*second)->bytes.empty()) {
      piece = Piece{.bytes = (*piece)->bytes, .end = true, .trailers = (*second)->trailers};
      second.reset();
    }
  }
  if (piece && *piece && (*piece)->end && (*piece)->trailers == nullptr) {
    plain_ = (*piece)->bytes;
    if (plain_.size() < minimum) return BodyBeginning::too_small;
  }
  encoder_ = encoders_.lend(kind_);
  encoder_->begin(effort_);
  while (piece) {
    const bool enough = take(*piece);
    piece = std::exchange(second, {});
    if (piece) continue;  // it was pulled already, and has to be taken now
    if (enough) break;
    piece = source_->try_read();
  }
  if (!ended_ || error_ || trailers_ != nullptr) return BodyBeginning::streams;
  return !plain_.empty() && output_.size() >= plain_.size() ? BodyBeginning::no_gain : BodyBeginning::whole;
}

bool CompressedBody::take(const Result<Piece>& piece) {
  if (!piece) {
    error_ = piece.error();
    return true;
  }
  taken_ += piece->bytes.size();
  if (piece->end) {
    encode(piece->bytes, Demand::finish);
    ended_ = true;
    trailers_ = piece->trailers;
    release_encoder();
    return true;
  }
  encode(piece->bytes, Demand::more);
  unflushed_ |= !piece->bytes.empty();
  if (taken_ < taken_bytes_max) return output_.size() >= piece_bytes;
  encode({}, Demand::flush);
  return true;
}

void CompressedBody::encode(std::string_view bytes, Demand demand) {
  while (true) {
    if (output_.room().size() < room_bytes_min) output_.grow();
    std::span<char> room = output_.room();
    const bool done = encoder_->encode(bytes, room, demand);
    output_.wrote_up_to(room);
    if (done) break;
  }
  if (demand != Demand::more) unflushed_ = false;
}

void CompressedBody::forget_given() {
  if (!given_) return;
  given_ = false;
  output_.clear();
}

// What was compressed before an error is not given out: the answer is cut, and how far it got is of no use.
std::optional<Result<Piece>> CompressedBody::give() {
  if (error_) return fail(*error_);
  if (!ended_ && output_.size() == 0) return {};
  given_ = true;
  taken_ = 0;
  return Piece{.bytes = output_.written(), .end = ended_, .trailers = trailers_};
}

std::optional<Result<Piece>> CompressedBody::try_read() {
  forget_given();
  bool enough = ended_ || error_ || output_.size() >= piece_bytes;
  while (!enough) {
    const std::optional<Result<Piece>> piece = source_->try_read();
    if (!piece) break;
    enough = take(*piece);
  }
  if (!enough && unflushed_) encode({}, Demand::flush);
  return give();
}

Task<Result<Piece>> CompressedBody::read() {
  while (true) {
    if (std::optional<Result<Piece>> ready = try_read()) co_return *ready;
    const bool enough = take(co_await source_->read());
    if (!enough) continue;
    if (std::optional<Result<Piece>> ready = give()) co_return *ready;
  }
}

}  // namespace weir
