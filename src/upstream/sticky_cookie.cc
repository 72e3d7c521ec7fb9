// Sealing and opening.
#include "upstream/sticky_cookie.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "base/base64url.h"

namespace weir {
namespace {

constexpr char version = 1;
constexpr std::size_t said_bytes = 1 + sizeof(StickyToken::endpoint) + sizeof(StickyToken::issued);
/// Half of the digest: 128 bits, which nobody guesses (RFC 2104 section 5 asks for half at least).
constexpr std::size_t seal_bytes = 16;

/// Little endian, on every machine of a fleet.
template <typename Number>
void put(char* at, Number number) {
  for (std::size_t byte = 0; byte < sizeof(Number); ++byte) at[byte] = static_cast<char>(number >> (8 * byte));
}
template <typename Number>
Number take(std::string_view bytes) {
  Number number = 0;
  for (std::size_t byte = sizeof(Number); byte > 0; --byte) {
    number = static_cast<Number>(number << 8) | static_cast<unsigned char>(bytes[byte - 1]);
  }
  return number;
}

}  // namespace

StickyKeys::StickyKeys(std::string upstream, const std::vector<std::string>& secrets) : upstream_(std::move(upstream)) {
  keys_.reserve(secrets.size());
  for (const std::string& secret : secrets) {
    const crypto::Key key = crypto::Key::of(secret);
    keys_.push_back({.signing = key, .endpoints = crypto::HashKey::of(key.digest({"sticky endpoint", upstream_}))});
  }
}

crypto::Digest StickyKeys::digest(const OneKey& key, std::string_view said) const {
  return key.signing.digest({"sticky cookie", upstream_, said});
}

std::string StickyKeys::seal(const StickyToken& token) const {
  std::array<char, said_bytes + seal_bytes> bytes{};
  bytes[0] = version;
  put(&bytes[1], token.endpoint);
  put(&bytes[1 + sizeof(token.endpoint)], token.issued);
  const crypto::Digest digest = this->digest(keys_.front(), {bytes.data(), said_bytes});
  std::memcpy(&bytes[said_bytes], digest.data(), seal_bytes);
  return base64url({bytes.data(), bytes.size()});
}

std::optional<StickyKeys::Opened> StickyKeys::open(std::string_view text) const {
  if (text.size() != text_bytes) return {};
  const std::optional<std::string> bytes = decode_base64url(text);
  if (!bytes || bytes->size() != said_bytes + seal_bytes || bytes->front() != version) return {};
  const std::string_view said(bytes->data(), said_bytes);
  for (std::size_t at = 0; at < keys_.size(); ++at) {
    const crypto::Digest ours = digest(keys_[at], said);
    crypto::Digest theirs = ours;
    std::memcpy(theirs.data(), bytes->data() + said_bytes, seal_bytes);
    if (!crypto::equal(ours, theirs)) continue;
    return Opened{.token = {.endpoint = take<std::uint64_t>(said.substr(1)),
                            .issued = take<std::uint32_t>(said.substr(1 + sizeof(StickyToken::endpoint)))},
                  .key = at};
  }
  return {};
}

}  // namespace weir
