// The rules of WebSocket frames (RFC 6455), for one direction of a connection.
//
// Problem: what passes through a tunnel is judged by whoever receives it, and some servers judge badly: frames that are
// not masked, texts that are no text, messages that never end.
// Idea: a state machine over bytes that says how many of them may go on. The head of a frame, and a control frame as a
// whole (125 bytes at most), goes on only when it is complete and right; so whatever breaks a rule in its head never
// leaves, and the direction stands between two frames, where a close frame can be said. Content goes on as it comes;
// only a text that is not compressed is looked into.
//
// Invariants
//   (1) Pure: bytes in, a verdict out. However the bytes are cut, the verdict is the same.
//   (2) What has been passed on is a beginning of what came, byte for byte.
//   (3) Behind a close frame nothing is passed on (section 5.5.1); behind a violation nothing is asked any more.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/units.h"
#include "filters/websocket/utf8_stream.h"

namespace weir::websocket {

/// What holds for the frames of one side.
struct FrameRules {
  bool masked = false;      ///< as those of a client are (section 5.3)
  bool compressed = false;  ///< permessage-deflate was agreed on: a message may say so in RSV1 (RFC 7692)
  ByteCount message_bytes_max = unbounded;
};

/// A rule that was broken, and what the connection is closed with for it (section 7.4.1).
struct Violation {
  Code code = Code::bad_websocket_frame;
  std::uint16_t close_code = 1002;
  const char* text = "";  ///< static; at most 123 bytes
};

struct Judged {
  std::size_t taken = 0;                 ///< of the bytes that were given
  std::string_view passed;               ///< that go on: of those given, or of what was held; valid until the next call
  std::size_t close_bytes = 0;           ///< of a close frame at the end of `passed`
  unsigned messages = 0;                 ///< that began, control frames and empty fragments included
  std::optional<Violation> violation{};  ///< of what follows `passed`
};

class FrameJudge {
 public:
  static constexpr unsigned any_number = std::numeric_limits<unsigned>::max();

  explicit FrameJudge(const FrameRules& rules) : rules_(rules) {}

  /// Judges what came. To be called again with the rest while not all was taken.
  /// \param messages_max  how many may begin in it
  Judged next(std::string_view bytes, unsigned messages_max = any_number);

  /// What was passed on ends with a whole frame: another may follow.
  [[nodiscard]] bool between_frames() const { return !inside_frame_; }
  /// A close frame was passed on.
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  // The longest head (section 5.2) in front of the longest content of a control frame (section 5.5).
  static constexpr std::size_t held_bytes_max = 14 + 125;

  struct Head {
    bool final = false;
    std::uint8_t opcode = 0;
    std::uint64_t bytes = 0;  ///< of content
    std::size_t head_bytes = 0;
  };

  /// What is judged together, as far as it is known: two bytes, a head, a control frame.
  struct Unit {
    std::size_t bytes = 2;
    std::optional<Violation> violation{};  ///< of its first two bytes
  };

  [[nodiscard]] Unit unit_of(std::string_view start) const;
  [[nodiscard]] std::optional<Violation> judge_start(std::uint8_t first, std::uint8_t second) const;
  Judged complete_held(std::string_view bytes, unsigned messages_max);
  std::optional<Violation> begin_frame(std::string_view unit, unsigned messages_max, unsigned& messages);
  std::optional<Violation> read_head(std::string_view unit, Head& head);
  std::optional<Violation> begin_message(const Head& head, bool compressed);
  std::optional<Violation> judge_control(const Head& head, std::string_view content);
  static std::optional<Violation> judge_close(std::string_view content);
  std::optional<Violation> judge_content(std::string_view content);
  [[nodiscard]] std::optional<Violation> end_frame();
  bool take_text(std::string_view content);

  const FrameRules rules_;
  std::array<char, held_bytes_max> held_{};  // of a head, or a control frame, that is not whole
  std::size_t held_bytes_ = 0;

  std::uint64_t left_ = 0;      // of the frame's content
  std::array<char, 4> mask_{};  // of the frame
  std::size_t mask_at_ = 0;     // which byte of it is next
  bool final_frame_ = true;     // the frame ends its message
  bool message_open_ = false;   // fragments of it are still to come
  bool text_ = false;           // the message is a text that can be read
  bool inside_frame_ = false;
  bool closed_ = false;
  ByteCount message_bytes_ = 0;
  Utf8Stream characters_;
};

}  // namespace weir::websocket
