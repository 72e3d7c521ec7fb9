// Hellos, keys of a connection, frames.
#include "filters/limit/fleet/channel.h"

#include <algorithm>

#include "base/invariant.h"

namespace weir::limit::fleet {
namespace {

constexpr std::string_view magic = "weirflt1";
constexpr std::size_t length_bytes = 2;

template <std::size_t Size>
std::string_view text_of(const std::array<std::uint8_t, Size>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

crypto::Digest key_of(const crypto::Key& key, const Hello& dialed, const Hello& accepted, std::string_view direction) {
  return key.digest({"weir fleet channel", text_of(dialed.challenge), text_of(accepted.challenge), direction});
}

}  // namespace

std::string write(const Hello& hello) {
  std::string out(magic);
  out += text_of(hello.challenge);
  out += text_of(hello.key);
  return out;
}

std::optional<Hello> read_hello(std::string_view bytes) {
  if (bytes.size() != hello_bytes || !bytes.starts_with(magic)) return {};
  Hello hello;
  std::copy_n(bytes.data() + magic.size(), hello.challenge.size(), reinterpret_cast<char*>(hello.challenge.data()));
  std::copy_n(bytes.data() + magic.size() + hello.challenge.size(), hello.key.size(),
              reinterpret_cast<char*>(hello.key.data()));
  return hello;
}

KeyRing::KeyRing(const std::string& fleet, const std::vector<std::string>& secrets) : fleet_(fleet) {
  for (const std::string& secret : secrets) {
    Entry entry{.mark = {}, .key = crypto::Key::of(secret)};
    const crypto::Digest mark = entry.key.digest({"weir fleet key", fleet});
    std::copy_n(mark.begin(), entry.mark.size(), entry.mark.begin());
    entries_.push_back(entry);
  }
  invariant(!entries_.empty(), "a fleet has a key");
}

Hello KeyRing::hello() const {
  Hello hello{.challenge = {}, .key = entries_.front().mark};
  crypto::fill_random(hello.challenge);
  return hello;
}

std::optional<Hello> KeyRing::answer(const Hello& other) const {
  if (find(other.key) == nullptr) return {};
  Hello hello{.challenge = {}, .key = other.key};
  crypto::fill_random(hello.challenge);
  return hello;
}

crypto::HashKey KeyRing::fingerprints(std::string_view rule) const {
  return crypto::HashKey::of(entries_.front().key.digest({"weir fleet fingerprints", fleet_, rule}));
}

const KeyRing::Entry* KeyRing::find(const std::array<std::uint8_t, 8>& mark) const {
  const auto found = std::ranges::find(entries_, mark, &Entry::mark);
  return found == entries_.end() ? nullptr : &*found;
}

Channel::Channel(const KeyRing& ring, Side side, const Hello& dialed, const Hello& accepted)
    : out_(key_of(ring.find(dialed.key)->key, dialed, accepted, side == Side::dials ? "to" : "back")),
      in_(key_of(ring.find(dialed.key)->key, dialed, accepted, side == Side::dials ? "back" : "to")) {}

std::string Channel::frame(std::string_view message) {
  const std::string sealed = out_.seal(message);
  invariant(sealed.size() <= frame_bytes_max, "messages are bounded");
  std::string out;
  out.reserve(length_bytes + sealed.size());
  out += static_cast<char>(sealed.size() & 0xFFU);
  out += static_cast<char>(sealed.size() >> 8U);
  return out + sealed;
}

Channel::Taken Channel::take(std::string_view& bytes) {
  if (bytes.size() < length_bytes) return {};
  const std::size_t size =
      static_cast<std::uint8_t>(bytes[0]) | static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[1])) << 8U;
  if (size < crypto::Seal::overhead_bytes || size > frame_bytes_max)
    return {.what = Taken::What::refused, .message = {}};
  if (bytes.size() < length_bytes + size) return {};
  std::optional<std::string> message = in_.open(bytes.substr(length_bytes, size));
  if (!message) return {.what = Taken::What::refused, .message = {}};
  bytes.remove_prefix(length_bytes + size);
  return {.what = Taken::What::message, .message = std::move(*message)};
}

}  // namespace weir::limit::fleet
