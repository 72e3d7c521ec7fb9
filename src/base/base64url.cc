// Two characters of base64 are others here.
#include "base/base64url.h"

#include "base/crypto.h"

namespace weir {

std::string base64url(std::string_view bytes) {
  return crypto::encode_base64url({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

std::optional<std::string> decode_base64url(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string standard(text);
  for (char& c : standard) {
    if (c == '+' || c == '/' || c == '=') return {};
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  while (standard.size() % 4 != 0) standard += '=';
  return crypto::decode_base64(standard);
}

}  // namespace weir
