// Groups of four characters, six bits at a time; a group is told when it is whole.
#include "filters/grpc_web/base64_stream.h"

#include <array>

namespace weir::grpc_web {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xFF;

constexpr auto values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_digit);
  for (std::size_t value = 0; value < alphabet.size(); ++value) {
    table[static_cast<unsigned char>(alphabet[value])] = static_cast<std::uint8_t>(value);
  }
  return table;
}();

}  // namespace

bool Base64Decoder::decode(std::string_view text, std::string& decoded) {
  for (const char c : text) {
    if (c == '=') {
      if (count_ < 2) return false;
      ++padding_;
      bits_ <<= 6U;
    } else {
      const std::uint8_t value = values[static_cast<unsigned char>(c)];
      if (value == no_digit || padding_ > 0) return false;
      bits_ = bits_ << 6U | value;
    }
    if (++count_ == 4 && !end_group(decoded)) return false;
  }
  return true;
}

bool Base64Decoder::end_group(std::string& decoded) {
  const unsigned bytes = 3 - padding_;
  const std::uint32_t behind = bits_ & ((1U << (8U * padding_)) - 1U);
  if (behind != 0) return false;
  for (unsigned at = 0; at < bytes; ++at) decoded += static_cast<char>(bits_ >> (16U - 8U * at) & 0xFFU);
  bits_ = 0;
  count_ = 0;
  padding_ = 0;
  return true;
}

}  // namespace weir::grpc_web
