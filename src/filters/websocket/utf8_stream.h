// Whether bytes that come in pieces are UTF-8 (RFC 3629): nothing overlong, no surrogates, nothing beyond U+10FFFF.
//
// Idea: what may come next is known from what came: how many bytes are missing, and between which bounds the next one
// lies. The bounds are narrower than 80 to BF only behind four lead bytes, and that is where all that is forbidden
// lies.
//
// Invariants
//   (1) The first byte that cannot belong to UTF-8 is found when it comes, however the text is cut.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::websocket {

class Utf8Stream {
 public:
  /// \returns  false when the bytes so far begin no text
  bool take(std::string_view bytes);
  /// Ends the text and begins the next. \returns  false when a character is missing its rest
  bool finish();

 private:
  bool begin(std::uint8_t lead);

  unsigned missing_ = 0;  // bytes of the character that has begun
  std::uint8_t lowest_ = 0x80;
  std::uint8_t highest_ = 0xBF;
};

}  // namespace weir::websocket
