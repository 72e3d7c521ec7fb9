// Making and judging the ids of request_id.h.
#include "http/request_id.h"

#include <array>
#include <cstring>

#include "http/characters.h"

namespace weir {
namespace {

/// A UUID is 36, a W3C trace parent 55; whatever is longer is a payload.
constexpr std::size_t request_id_bytes_max = 128;

/// The two digits of each byte: half the steps of one digit at a time.
constexpr auto byte_digits = [] {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) table[byte] = {digits[byte >> 4], digits[byte & 15]};
  return table;
}();

}  // namespace

RequestId make_request_id(Random& random) {
  RequestId id;
  for (std::size_t half = 0; half < id.size(); half += 16) {
    std::uint64_t bits = random.next();
    for (std::size_t at = half; at < half + 16; at += 2, bits >>= 8) std::memcpy(&id[at], &byte_digits[bits & 255], 2);
  }
  return id;
}

bool is_request_id(std::string_view text) {
  return text.size() <= request_id_bytes_max && characters::is_token(text);
}

}  // namespace weir
