// Bytes that belong to one message and to no other.
//
// Problem: a checker must see a byte that was lost, repeated, swapped, changed or sent to the wrong user, without
// keeping every body twice. Idea: each message has a number, and every eight bytes of its content are a hash of that
// number and of their place. Both ends can make them, and the first wrong byte shows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/units.h"

namespace weir::sim {

/// The number of a message: the request it belongs to, and which of its contents it is.
enum class Part : std::uint8_t { upload, answer, greeting, tail };
constexpr std::uint64_t content_id(std::uint64_t request, Part part) {
  return request * 4 + static_cast<std::uint64_t>(part);
}

/// `bytes` bytes of message `id`, beginning at `from`.
std::string content(std::uint64_t id, ByteCount from, ByteCount bytes);

/// Compares what arrives with what it should be.
class ContentCheck {
 public:
  ContentCheck(std::uint64_t id, ByteCount length) : id_(id), length_(length) {}

  /// \returns  whether these are the next bytes of the message
  bool take(std::string_view bytes);
  [[nodiscard]] bool right() const { return right_; }
  [[nodiscard]] bool whole() const { return right_ && taken_ == length_; }
  [[nodiscard]] ByteCount taken() const { return taken_; }

 private:
  std::uint64_t id_;
  ByteCount length_;
  ByteCount taken_ = 0;
  bool right_ = true;
};

}  // namespace weir::sim
