// Base64 (RFC 4648 section 4) that comes in pieces, as gRPC-Web's text form has it.
//
// Problem: who writes a stream pads whenever it flushes, so that padding may stand anywhere between two groups of four
// (PROTOCOL-WEB.md); pieces are cut anywhere. Idea: a decoder that holds the begin of one group and nothing else.
//
// Invariants
//   (1) Split anywhere, the same bytes come out.
//   (2) Only what an encoder could have written is taken: no other characters, no bits behind the last byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::grpc_web {

class Base64Decoder {
 public:
  /// Appends what can be told to `decoded`. \returns  false when it is no base64; nothing follows then
  bool decode(std::string_view text, std::string& decoded);
  /// Whether the text may end here.
  [[nodiscard]] bool whole() const { return count_ == 0; }

 private:
  bool end_group(std::string& decoded);

  std::uint32_t bits_ = 0;
  unsigned count_ = 0;    // characters of the group that have come, padding included
  unsigned padding_ = 0;  // of these
};

}  // namespace weir::grpc_web
