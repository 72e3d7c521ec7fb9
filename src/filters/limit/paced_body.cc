// A turn, then a pull.
#include "filters/limit/paced_body.h"

#include <algorithm>
#include <cstring>

#include "base/limits.h"

namespace weir::limit {
namespace {

// Fifty portions a second look smooth to people and cost a core next to nothing.
constexpr ByteCount portions_per_second = 50;
constexpr ByteCount portion_min = 512;
// What a socket gives at once (the core's scratch).
constexpr ByteCount portion_max = 64 * kibibyte;

}  // namespace

ByteCount PacedBody::portion_of(const Pace& pace) {
  return std::min(pace.burst, std::clamp(pace.bytes_per_second / portions_per_second, portion_min, portion_max));
}

PacedBody::PacedBody(BodyPointer inner, PaceTable& table, std::uint64_t hash, Reactor& reactor, Cell& waits)
    : inner_(std::move(inner)),
      table_(table),
      hash_(hash),
      reactor_(reactor),
      waits_(waits),
      portion_(portion_of(table.pace())) {}

PacedBody::~PacedBody() {
  if (turn_ > 0) table_.give_back(hash_, reactor_.now(), turn_);
}

Task<Result<Piece>> PacedBody::read() {
  if (turn_ == 0) {
    const ByteCount bytes = wanted();
    const Duration wait = table_.take(hash_, reactor_.now(), bytes);
    turn_ = bytes;
    if (wait > Duration{}) {
      if (!std::exchange(has_waited_, true)) waits_.add();
      CO_TRY_VOID(co_await Sleep(reactor_, wait));
    }
  }
  if (held_left() > 0) co_return give_held();
  co_return give(co_await inner_->read());
}

std::optional<Result<Piece>> PacedBody::try_read() {
  if (turn_ == 0) {
    const ByteCount bytes = wanted();
    if (!table_.take_now(hash_, reactor_.now(), bytes)) return {};
    turn_ = bytes;
  }
  if (held_left() > 0) return give_held();
  const std::optional<Result<Piece>> piece = inner_->try_read();
  if (!piece) return {};  // the turn is kept for read(), which comes next
  return give(*piece);
}

std::optional<Result<FilePiece>> PacedBody::try_file() {
  if (held_left() > 0 || turn_ > 0 || table_.pace().burst < limits::file_slice_bytes) return {};
  if (!table_.take_now(hash_, reactor_.now(), limits::file_slice_bytes)) return {};
  std::optional<Result<FilePiece>> piece = inner_->try_file();
  const ByteCount used = piece && *piece ? (*piece)->bytes : 0;
  table_.give_back(hash_, reactor_.now(), limits::file_slice_bytes - std::min(used, limits::file_slice_bytes));
  return piece;
}

std::optional<ByteCount> PacedBody::remaining() const {
  const std::optional<ByteCount> rest = inner_->remaining();
  return rest ? std::optional(*rest + held_left()) : std::nullopt;
}

Result<Piece> PacedBody::give(const Result<Piece>& piece) {
  const ByteCount turn = std::exchange(turn_, 0);
  const ByteCount bytes = piece ? piece->bytes.size() : 0;
  if (bytes < turn) table_.give_back(hash_, reactor_.now(), turn - bytes);
  if (bytes <= turn) return piece;
  held_bytes_ = bytes - turn;
  held_given_ = 0;
  held_ = std::make_unique_for_overwrite<char[]>(held_bytes_);
  std::memcpy(held_.get(), piece->bytes.data() + turn, held_bytes_);
  held_end_ = piece->end;
  held_trailers_ = piece->trailers;
  return Piece{.bytes = piece->bytes.substr(0, turn), .end = false};
}

Piece PacedBody::give_held() {
  const ByteCount bytes = std::min(std::exchange(turn_, 0), held_left());
  Piece piece{.bytes = {held_.get() + held_given_, bytes}, .end = false};
  held_given_ += bytes;
  if (held_left() > 0) return piece;
  piece.end = held_end_;
  piece.trailers = held_trailers_;
  return piece;
}

}  // namespace weir::limit
