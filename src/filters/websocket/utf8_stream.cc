// One byte after the other, but eight at a time where they are ASCII.
#include "filters/websocket/utf8_stream.h"

#include <cstring>

namespace weir::websocket {

bool Utf8Stream::take(std::string_view bytes) {
  constexpr std::uint64_t high_bits = 0x8080808080808080U;
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::uint64_t word = 0;
    if (missing_ == 0 && bytes.size() - at >= sizeof word) {
      std::memcpy(&word, bytes.data() + at, sizeof word);
      if ((word & high_bits) == 0) {
        at += sizeof word;
        continue;
      }
    }
    const auto byte = static_cast<std::uint8_t>(bytes[at++]);
    if (missing_ == 0) {
      if (!begin(byte)) return false;
      continue;
    }
    if (byte < lowest_ || byte > highest_) return false;
    lowest_ = 0x80;
    highest_ = 0xBF;
    --missing_;
  }
  return true;
}

/// The table of RFC 3629 section 4.
bool Utf8Stream::begin(std::uint8_t lead) {
  if (lead < 0x80) return true;
  if (lead < 0xC2 || lead > 0xF4) return false;
  missing_ = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  if (lead == 0xE0) lowest_ = 0xA0;
  if (lead == 0xED) highest_ = 0x9F;
  if (lead == 0xF0) lowest_ = 0x90;
  if (lead == 0xF4) highest_ = 0x8F;
  return true;
}

bool Utf8Stream::finish() {
  const bool whole = missing_ == 0;
  *this = Utf8Stream();
  return whole;
}

}  // namespace weir::websocket
