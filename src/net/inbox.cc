// Moving unread bytes out of the scratch, and growing when a head does not fit.
#include "net/inbox.h"

#include <algorithm>
#include <cstring>

#include "base/fault.h"

namespace weir {

void Inbox::move_out() {
  in_scratch_ = false;
  if (fault(Fault::scratch_kept)) return;
  make_room(unread_.size());
}

// Brings the unread bytes to the front of a buffer that holds at least `capacity` bytes.
void Inbox::make_room(std::size_t capacity) {
  if (capacity_ >= capacity) {
    if (!unread_.empty() && unread_.data() != buffer_.get()) {
      std::memmove(buffer_.get(), unread_.data(), unread_.size());
    }
  } else {
    constexpr std::size_t smallest = 2048;
    const std::size_t grown = std::max({capacity, capacity_ * 2, smallest});
    auto larger = std::make_unique_for_overwrite<char[]>(grown);
    if (!unread_.empty()) std::memcpy(larger.get(), unread_.data(), unread_.size());
    buffer_ = std::move(larger);
    capacity_ = grown;
  }
  unread_ = {buffer_.get(), unread_.size()};
}

Task<Result<std::size_t>> Inbox::fill_behind(std::size_t room_max, Duration timeout) {
  if (unread_.empty()) {
    CO_TRY(const std::span<char> received, co_await stream_.receive(timeout));
    take(received);
    co_return received.size();
  }
  invariant(unread_.size() < room_max, "an inbox is filled only up to its bound");
  make_room(std::min(room_max, unread_.size() * 2));
  leave_scratch();
  const std::size_t room = std::min(capacity_, room_max) - unread_.size();
  CO_TRY(const std::span<char> received,
         co_await stream_.receive_into({buffer_.get() + unread_.size(), room}, timeout));
  unread_ = {buffer_.get(), unread_.size() + received.size()};
  co_return received.size();
}

}  // namespace weir
