// Keeping and playing again.
#include "upstream/replay_body.h"

namespace weir {

Task<Result<Piece>> ReplayBody::read() {
  if (const std::optional<Piece> again = replay()) co_return *again;
  co_return keep(co_await source_->read());
}

std::optional<Result<Piece>> ReplayBody::try_read() {
  if (const std::optional<Piece> again = replay()) return *again;
  std::optional<Result<Piece>> pulled = source_->try_read();
  if (!pulled) return {};
  return keep(*pulled);
}

std::optional<ByteCount> ReplayBody::remaining() const {
  const ByteCount to_replay = kept_.size() - replayed_;
  if (ended_) return to_replay;
  const std::optional<ByteCount> to_pull = source_->remaining();
  if (!to_pull) return {};
  return to_replay + *to_pull;
}

void ReplayBody::forget() {
  keep_max_ = 0;
  if (replayed_ == kept_.size()) drop_kept();
}

std::optional<Piece> ReplayBody::replay() {
  if (replayed_ == kept_.size() && !ended_) return {};
  const std::string_view rest = std::string_view(kept_).substr(replayed_);
  replayed_ = kept_.size();
  return Piece{.bytes = rest, .end = ended_, .trailers = ended_ ? trailers_ : nullptr};
}

Result<Piece> ReplayBody::keep(Result<Piece> pulled) {
  if (!pulled) {
    failed_ = true;
    return pulled;
  }
  pulled_ += pulled->bytes.size();
  if (pulled->end) {
    ended_ = true;
    trailers_ = pulled->trailers;
  }
  if (pulled_ > keep_max_) {
    drop_kept();
  } else {
    kept_.append(pulled->bytes);
    replayed_ = kept_.size();
  }
  return pulled;
}

void ReplayBody::drop_kept() {
  std::string().swap(kept_);
  replayed_ = 0;
}

}  // namespace weir
