// Sees every frame before libnghttp2 does.
//
// Problem: the library passes over, in silence, frames that end a connection by the letter of RFC 9113 (a lower number
// of a stream, content on a closed one, a PRIORITY for none), and does not say that they were there. Idea: bytes go to
// the library frame by frame. The head of each is collected here, wherever arrivals cut it, and judged before it is
// passed on; so whoever judges knows all that came before it, and nothing that comes behind.
//
// Invariants
//   (1) Every byte that is scanned is to be passed on, in order: head() when a frame began, payload as it lies.
//   (2) The outcome depends on the bytes alone, not on how they were cut.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "protocols/h2/codec.h"

namespace weir::h2 {

class FrameScanner {
 public:
  /// \param passed_over  bytes in front of the first frame: a client's preface
  explicit FrameScanner(std::size_t passed_over) : left_(passed_over) {}

  struct Step {
    std::size_t bytes = 0;  ///< of what was scanned; never 0 when there was something
    bool began = false;     ///< they completed the head of a frame: frame() and head() say which
    bool payload = false;   ///< they are to be passed on as they are
  };

  Step next(std::string_view bytes) {
    if (left_ > 0) {
      const std::size_t count = std::min(left_, bytes.size());
      left_ -= count;
      return {.bytes = count, .payload = true};
    }
    const std::size_t count = std::min(wanted_ - have_, bytes.size());
    std::memcpy(head_.data() + have_, bytes.data(), count);
    have_ += count;
    return {.bytes = count, .began = have_ == wanted_ && complete()};
  }

  [[nodiscard]] const FrameHeader& frame() const { return frame_; }
  [[nodiscard]] std::string_view head() const { return {head_.data(), head_bytes_}; }

 private:
  static constexpr std::size_t header_bytes = 9;
  static constexpr std::size_t dependency_bytes = 4;

  /// Of a PRIORITY, the stream that it names belongs to what is judged.
  bool complete() {
    frame_ = {.bytes = number(0, 3),
              .type = static_cast<FrameType>(head_[3]),
              .flags = static_cast<std::uint8_t>(head_[4]),
              .stream = stream_at(5)};
    const bool names_another = frame_.type == FrameType::priority && frame_.bytes >= dependency_bytes;
    if (names_another && wanted_ == header_bytes) {
      wanted_ += dependency_bytes;
      return false;
    }
    if (names_another) frame_.depends_on = stream_at(header_bytes);
    head_bytes_ = wanted_;
    left_ = frame_.bytes - (wanted_ - header_bytes);
    wanted_ = header_bytes;
    have_ = 0;
    return true;
  }
  [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t bytes) const {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(head_[at + i]);
    return value;
  }
  [[nodiscard]] StreamId stream_at(std::size_t at) const { return static_cast<StreamId>(number(at, 4) & 0x7FFFFFFFU); }

  std::size_t left_;  // of a payload
  std::size_t have_ = 0;
  std::size_t wanted_ = header_bytes;
  std::size_t head_bytes_ = 0;
  std::array<char, header_bytes + dependency_bytes> head_{};
  FrameHeader frame_;
};

}  // namespace weir::h2
