// Making and judging the ids of request_id.h.
#include "http/request_id.h"

#include "http/characters.h"

namespace weir {
namespace {

/// A UUID is 36, a W3C trace parent 55; whatever is longer is a payload.
constexpr std::size_t request_id_bytes_max = 128;

}  // namespace

RequestId make_request_id(Random& random) {
  constexpr std::string_view digits = "0123456789abcdef";
  RequestId id;
  for (std::size_t half = 0; half < id.size(); half += 16) {
    std::uint64_t bits = random.next();
    for (std::size_t digit = 0; digit < 16; ++digit, bits >>= 4) id[half + digit] = digits[bits & 15];
  }
  return id;
}

bool is_request_id(std::string_view text) {
  return text.size() <= request_id_bytes_max && characters::is_token(text);
}

}  // namespace weir
