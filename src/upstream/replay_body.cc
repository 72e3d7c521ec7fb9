// Keeping and playing again.
#include "upstream/replay_body.h"

namespace weir {

Task<Result<Piece>> ReplayBody::read() {
  constexpr Error turn_over = gateway_error(Code::canceled, "the request is sent again");
  const std::uint32_t turn = turn_;
  if (const std::optional<Piece> again = replay()) co_return *again;
  while (pulling_) {
    CO_TRY_VOID(co_await old_pull_over_.wait());
    if (turn != turn_) co_return fail(turn_over);
    if (old_pull_failed_) co_return fail(*old_pull_failed_);
    if (const std::optional<Piece> brought = replay()) co_return *brought;
  }
  pulling_ = true;
  Result<Piece> pulled = co_await source_->read();
  pulling_ = false;
  if (turn == turn_) co_return keep(std::move(pulled));
  keep_for_next_turn(pulled);
  old_pull_over_.raise();
  co_return fail(turn_over);
}

std::optional<Result<Piece>> ReplayBody::try_read() {
  if (const std::optional<Piece> again = replay()) return *again;
  if (pulling_) return {};
  if (old_pull_failed_) return fail(*old_pull_failed_);
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

void ReplayBody::rewind() {
  replayed_ = 0;
  ++turn_;
  old_pull_over_.raise();
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
  count(*pulled);
  if (pulled_ > keep_max_) {
    drop_kept();
  } else {
    kept_.append(pulled->bytes);
    replayed_ = kept_.size();
  }
  return pulled;
}

/// What is here cannot be given to who pulled it; who reads now finds it among what is kept.
void ReplayBody::keep_for_next_turn(const Result<Piece>& pulled) {
  if (!pulled) {
    failed_ = true;
    old_pull_failed_ = pulled.error();
    return;
  }
  count(*pulled);
  kept_.append(pulled->bytes);
}

void ReplayBody::count(const Piece& pulled) {
  pulled_ += pulled.bytes.size();
  if (!pulled.end) return;
  ended_ = true;
  trailers_ = pulled.trailers;
}

void ReplayBody::drop_kept() {
  std::string().swap(kept_);
  replayed_ = 0;
}

}  // namespace weir
