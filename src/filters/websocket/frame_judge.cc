// Heads, control frames, content; in the order in which bytes meet them.
#include "filters/websocket/frame_judge.h"

#include <algorithm>
#include <cstring>

namespace weir::websocket {
namespace {

enum Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t compressed_bit = 0x40;  // RSV1, where permessage-deflate was agreed on
constexpr std::uint8_t other_reserved_bits = 0x30;
constexpr std::uint8_t masked_bit = 0x80;

constexpr std::uint8_t opcode_of(std::uint8_t first) {
  return first & 0x0F;
}
constexpr bool is_control(std::uint8_t opcode) {
  return (opcode & 0x08) != 0;
}
constexpr std::size_t length_bytes(std::uint8_t second) {
  const unsigned length = second & 0x7F;
  return length < 126 ? 0 : length == 126 ? 2 : 8;
}
constexpr std::size_t head_bytes(std::uint8_t second) {
  return 2 + length_bytes(second) + ((second & masked_bit) != 0 ? 4 : 0);
}
std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}
std::uint64_t number_of(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<std::uint8_t>(byte);
  return number;
}

Violation broken_rule(const char* what) {
  return {.text = what};
}
constexpr Violation not_text{.code = Code::bad_websocket_text, .close_code = 1007, .text = "the text is not UTF-8"};
constexpr Violation too_large{
    .code = Code::websocket_message_too_large, .close_code = 1009, .text = "the message is too large"};
constexpr Violation too_many{.code = Code::websocket_flood, .close_code = 1008, .text = "too many messages"};

/// Codes that may be sent: the registry of section 7.4, without those that only stand for what was not sent.
constexpr bool may_close_with(std::uint64_t code) {
  const bool registered = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
  return registered || (code >= 3000 && code <= 4999);
}

}  // namespace

Judged FrameJudge::next(std::string_view bytes, unsigned messages_max) {
  if (held_bytes_ > 0) return complete_held(bytes, messages_max);
  Judged judged{.taken = bytes.size(), .passed = {}};
  std::size_t at = 0;
  std::optional<std::size_t> frame_began;  // in these bytes
  while (at < bytes.size() && !closed_ && !judged.violation) {
    const std::string_view rest = bytes.substr(at);
    if (inside_frame_) {
      const std::string_view content = rest.substr(0, std::min<std::uint64_t>(left_, rest.size()));
      judged.violation = judge_content(content);
      if (!judged.violation) at += content.size();
      continue;
    }
    frame_began = at;
    const Unit unit = unit_of(rest);
    if (rest.size() < unit.bytes) {
      std::ranges::copy(rest, held_.begin());
      held_bytes_ = rest.size();
      break;
    }
    judged.violation =
        unit.violation ? unit.violation : begin_frame(rest.substr(0, unit.bytes), messages_max, judged.messages);
    if (!judged.violation) at += unit.bytes;
    if (closed_) judged.close_bytes = unit.bytes;
  }
  if (judged.violation && frame_began) {
    // Nothing of the frame that broke the rule has left.
    at = *frame_began;
    inside_frame_ = false;
  }
  judged.passed = bytes.substr(0, at);
  return judged;
}

/// Goes on with a head, or a control frame, of which a part came before.
Judged FrameJudge::complete_held(std::string_view bytes, unsigned messages_max) {
  Judged judged;
  Unit unit = unit_of({held_.data(), held_bytes_});
  while (held_bytes_ < unit.bytes && judged.taken < bytes.size()) {
    const std::string_view more = bytes.substr(judged.taken, unit.bytes - held_bytes_);
    std::ranges::copy(more, held_.begin() + static_cast<std::ptrdiff_t>(held_bytes_));
    held_bytes_ += more.size();
    judged.taken += more.size();
    unit = unit_of({held_.data(), held_bytes_});
  }
  if (held_bytes_ < unit.bytes) return judged;
  const std::string_view whole(held_.data(), unit.bytes);
  held_bytes_ = 0;
  judged.violation = unit.violation ? unit.violation : begin_frame(whole, messages_max, judged.messages);
  if (judged.violation) {
    inside_frame_ = false;
  } else {
    judged.passed = whole;
    if (closed_) judged.close_bytes = unit.bytes;
  }
  return judged;
}

FrameJudge::Unit FrameJudge::unit_of(std::string_view start) const {
  if (start.size() < 2) return {};
  const std::uint8_t first = byte_at(start, 0);
  const std::uint8_t second = byte_at(start, 1);
  if (auto broken = judge_start(first, second)) return {.violation = broken};
  return {.bytes = head_bytes(second) + (is_control(opcode_of(first)) ? second & 0x7FU : 0U)};
}

/// What the first two bytes say already (section 5.2).
std::optional<Violation> FrameJudge::judge_start(std::uint8_t first, std::uint8_t second) const {
  const std::uint8_t opcode = opcode_of(first);
  const bool begins_message = opcode == text || opcode == binary;
  const bool known = begins_message || opcode == continuation || (opcode >= close && opcode <= pong);
  if (!known) return broken_rule("an opcode that is reserved");
  const bool may_be_compressed = rules_.compressed && begins_message;
  if ((first & other_reserved_bits) != 0 || ((first & compressed_bit) != 0 && !may_be_compressed)) {
    return broken_rule("a reserved bit is set");
  }
  if (((second & masked_bit) != 0) != rules_.masked) {
    return broken_rule(rules_.masked ? "a frame of a client is not masked" : "a frame of a server is masked");
  }
  if (is_control(opcode)) {
    if ((first & final_bit) == 0) return broken_rule("a control frame is fragmented");
    if ((second & 0x7F) > 125) return broken_rule("a control frame is longer than 125 bytes");
    return {};
  }
  if (opcode == continuation && !message_open_) return broken_rule("a continuation of nothing");
  if (begins_message && message_open_) return broken_rule("a message begins within another");
  return {};
}

/// \pre its start is right
std::optional<Violation> FrameJudge::begin_frame(std::string_view unit, unsigned messages_max, unsigned& messages) {
  Head head;
  if (const auto broken = read_head(unit, head)) return broken;
  const bool counts = head.opcode != continuation || head.bytes == 0;
  if (counts && messages == messages_max) return too_many;
  messages += counts ? 1 : 0;
  if (is_control(head.opcode)) return judge_control(head, unit.substr(head.head_bytes));
  return begin_message(head, (byte_at(unit, 0) & compressed_bit) != 0);
}

std::optional<Violation> FrameJudge::read_head(std::string_view unit, Head& head) {
  const std::uint8_t second = byte_at(unit, 1);
  head = {.final = (byte_at(unit, 0) & final_bit) != 0,
          .opcode = opcode_of(byte_at(unit, 0)),
          .bytes = second & 0x7FU,
          .head_bytes = head_bytes(second)};
  if (const std::size_t more = length_bytes(second); more > 0) {
    head.bytes = number_of(unit.substr(2, more));
    const bool shortest = more == 2 ? head.bytes > 125 : head.bytes > 0xFFFF;
    if (!shortest) return broken_rule("a length that is not written in the shortest way");
    if (head.bytes >> 63 != 0) return broken_rule("a length of more than 63 bits");
  }
  if (rules_.masked) std::ranges::copy(unit.substr(head.head_bytes - 4, 4), mask_.begin());
  mask_at_ = 0;
  return {};
}

std::optional<Violation> FrameJudge::begin_message(const Head& head, bool compressed) {
  if (head.opcode != continuation) {
    message_bytes_ = 0;
    text_ = head.opcode == text && !compressed;
  }
  if (head.bytes > rules_.message_bytes_max - message_bytes_) return too_large;
  message_bytes_ += head.bytes;
  message_open_ = !head.final;
  final_frame_ = head.final;
  left_ = head.bytes;
  inside_frame_ = true;
  return left_ > 0 ? std::nullopt : end_frame();
}

std::optional<Violation> FrameJudge::judge_content(std::string_view content) {
  if (text_ && !take_text(content)) return not_text;
  left_ -= content.size();
  return left_ > 0 ? std::nullopt : end_frame();
}

std::optional<Violation> FrameJudge::end_frame() {
  if (final_frame_ && text_ && !characters_.finish()) return not_text;
  inside_frame_ = false;
  return {};
}

/// Reads through the mask.
bool FrameJudge::take_text(std::string_view content) {
  if (!rules_.masked) return characters_.take(content);
  std::array<char, 1024> plain;
  while (!content.empty()) {
    const std::string_view piece = content.substr(0, plain.size());
    std::array<char, 4> mask;  // turned so that its first byte is the one that is due
    for (std::size_t each = 0; each < mask.size(); ++each) mask[each] = mask_[(mask_at_ + each) % mask_.size()];
    for (std::size_t each = 0; each < piece.size(); ++each) {
      plain[each] = static_cast<char>(piece[each] ^ mask[each % mask.size()]);
    }
    if (!characters_.take({plain.data(), piece.size()})) return false;
    mask_at_ = (mask_at_ + piece.size()) % mask_.size();
    content.remove_prefix(piece.size());
  }
  return true;
}

std::optional<Violation> FrameJudge::judge_control(const Head& head, std::string_view content) {
  if (head.opcode != close) return {};
  std::array<char, 125> plain{};
  for (std::size_t each = 0; each < content.size(); ++each) {
    plain[each] = rules_.masked ? static_cast<char>(content[each] ^ mask_[each % mask_.size()]) : content[each];
  }
  const auto broken = judge_close({plain.data(), content.size()});
  closed_ = !broken;
  return broken;
}

/// A code and a reason, or nothing at all (section 5.5.1).
std::optional<Violation> FrameJudge::judge_close(std::string_view content) {
  if (content.empty()) return {};
  if (content.size() == 1) return broken_rule("a close frame with half a code");
  if (!may_close_with(number_of(content.substr(0, 2)))) return broken_rule("a close code that may not be sent");
  Utf8Stream reason;
  if (!reason.take(content.substr(2)) || !reason.finish()) return not_text;
  return {};
}

}  // namespace weir::websocket
