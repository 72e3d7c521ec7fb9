// Sixteen bytes there, a digest back.
#include "http/websocket_handshake.h"

#include <array>

#include "base/crypto.h"
#include "net/tls/sha1.h"

namespace weir::websocket {
namespace {

constexpr std::string_view known_to_servers = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3

}  // namespace

std::string make_key(Random& random) {
  std::array<char, 16> bytes;  // section 4.1
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  return crypto::encode_base64({bytes.data(), bytes.size()});
}

std::string accept_of(std::string_view key) {
  std::string text(key);
  text += known_to_servers;
  const tls::Sha1 digest = tls::sha1(text);
  return crypto::encode_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace weir::websocket
