// Two queues and who waits at their ends.
#include "protocols/h2/channel.h"

#include <cstring>

#include "base/fault.h"

namespace weir::h2 {

bool Channel::arrived(std::string_view bytes) {
  bytes_arrived_ += bytes.size();
  if (declared_ && bytes_arrived_ > *declared_) return false;
  arrived_ += bytes;
  arrival_.raise();
  return true;
}

bool Channel::arrived_last(const Fields* trailers) {
  came_to_end_ = true;
  arrived_trailers_ = trailers;
  arrival_.raise();
  return !declared_ || bytes_arrived_ == *declared_;
}

std::optional<Result<Piece>> Channel::try_read() {
  if (broken_) return fail(*broken_);
  if (arrived_.empty() && (!came_to_end_ || end_told_)) return {};
  reading_.clear();
  reading_.swap(arrived_);
  if (!reading_.empty() && !came_to_end_) host_.give_credit(id_, reading_.size());
  end_told_ = came_to_end_;
  return Piece{.bytes = reading_, .end = came_to_end_, .trailers = arrived_trailers_};
}

void Channel::put(std::string_view bytes, bool end, std::span<const Line> trailers) {
  const bool stood_still = taken_ == outgoing_.size();
  if (stood_still) {
    outgoing_.clear();
    taken_ = 0;
  }
  outgoing_ += bytes;
  bytes_put_ += bytes.size();
  ends_ = end;
  trailers_ = trailers;
  if (stood_still) host_.more_to_send(id_);
}

void Channel::take(std::size_t bytes, char* place) {
  std::memcpy(place, outgoing_.data() + taken_, bytes);
  taken_ += bytes;
  departure_.raise();
}

void Channel::left() {
  left_ = true;
  departure_.raise();
}

Task<Result<void>> Channel::depart(Duration stall) {
  while (!broken_ && (taken_ < outgoing_.size() || (ends_ && !left_))) CO_TRY_VOID(co_await departure_.wait(stall));
  if (broken_ && !left_) co_return fail(*broken_);
  co_return Result<void>{};
}

void Channel::break_off(Error why) {
  if (broken_) return;
  broken_ = why;
  arrival_.raise();
  departure_.raise();
}

}  // namespace weir::h2
