// The ring of ticket_keys.h.
#include "net/tls/ticket_keys.h"

#include <fmt/format.h>
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

TicketKey key_of(std::string_view bytes) {
  TicketKey key;
  for (const std::span<std::uint8_t> part :
       {std::span<std::uint8_t>(key.name), std::span<std::uint8_t>(key.mac), std::span<std::uint8_t>(key.cipher)}) {
    std::ranges::copy(bytes.substr(0, part.size()), part.begin());
    bytes.remove_prefix(part.size());
  }
  return key;
}

}  // namespace

std::expected<std::shared_ptr<TicketKeys>, std::string> TicketKeys::read(std::string_view file) {
  if (file.empty() || file.size() % TicketKey::bytes != 0 || file.size() > slots * TicketKey::bytes) {
    return std::unexpected(
        fmt::format("it has {} bytes; one, two or three keys of 80 bytes have 80, 160 or 240", file.size()));
  }
  auto made = std::make_shared<TicketKeys>();
  made->stands_ = true;
  for (; !file.empty(); file.remove_prefix(TicketKey::bytes)) {
    const TicketKey key = key_of(file);
    const auto others = std::span(made->ring_).first(made->filled_);
    if (std::ranges::find(others, key.name, &TicketKey::name) != others.end())
      return std::unexpected(
          fmt::format("key {} begins with the same 16 bytes as one before it, which are its name", made->filled_ + 1));
    made->ring_[made->filled_++] = key;
  }
  return made;
}

// Nobody came for two turns and more: what was sealed then is too old, and the keys go with it.
void TicketKeys::move_on(Time now) {
  if (stands_ || (filled_ > 0 && now < first_until_)) return;
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
