// The ring of ticket_keys.h.
#include "net/tls/ticket_keys.h"

#include <openssl/rand.h>

#include <algorithm>

#include "base/invariant.h"

namespace weir::tls {
namespace {

TicketKey random_key() {
  TicketKey key;
  for (const std::span<std::uint8_t> part :
       {std::span<std::uint8_t>(key.name), std::span<std::uint8_t>(key.cipher), std::span<std::uint8_t>(key.mac)}) {
    invariant(RAND_bytes(part.data(), static_cast<int>(part.size())) == 1, "the kernel has random numbers");
  }
  return key;
}

}  // namespace

// Nobody came for two turns and more: what was sealed then is too old, and the keys go with it.
void TicketKeys::move_on(Time now) {
  if (filled_ > 0 && now < first_until_) return;
  const bool long_ago = filled_ > 0 && now - first_until_ >= turn * static_cast<int>(slots - 1);
  if (long_ago) filled_ = 0;
  std::ranges::rotate(ring_, ring_.end() - 1);
  ring_.front() = random_key();
  filled_ = std::min(filled_ + 1, slots);
  first_until_ = now + turn;
}

TicketKey TicketKeys::sealing(Time now) {
  const std::lock_guard lock(mutex_);
  move_on(now);
  return ring_.front();
}

std::optional<TicketKeys::Opening> TicketKeys::opening(std::span<const std::uint8_t, 16> name, Time now) {
  const std::lock_guard lock(mutex_);
  move_on(now);
  for (std::size_t at = 0; at < filled_; ++at) {
    if (std::ranges::equal(ring_[at].name, name)) return Opening{.key = ring_[at], .first = at == 0};
  }
  return {};
}

}  // namespace weir::tls
