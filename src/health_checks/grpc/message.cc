// Protobuf as far as these messages need it: https://protobuf.dev/programming-guides/encoding/
#include "health_checks/grpc/message.h"

#include <algorithm>

namespace weir::grpc {
namespace {

/// A flag (compressed or not) and a length of four bytes.
constexpr std::size_t frame_bytes = 5;
/// Of a number: seven bits a byte, 64 bits at most.
constexpr std::size_t number_bytes_max = 10;

enum WireType : std::uint8_t { number = 0, eight_bytes = 1, sized = 2, four_bytes = 5 };

void append_number(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}

/// What is left of a message. Each read takes what it returns; nothing when it is not whole.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  std::optional<std::uint64_t> read_number() {
    std::uint64_t value = 0;
    for (std::size_t at = 0; at < std::min(rest_.size(), number_bytes_max); ++at) {
      const auto byte = static_cast<std::uint8_t>(rest_[at]);
      value |= std::uint64_t{byte & 0x7FU} << (7 * at);
      if ((byte & 0x80) != 0) continue;
      rest_.remove_prefix(at + 1);
      return value;
    }
    return {};
  }
  /// \returns  false when there are not so many
  bool skip(std::uint64_t bytes) {
    if (bytes > rest_.size()) return false;
    rest_.remove_prefix(bytes);
    return true;
  }

 private:
  std::string_view rest_;
};

/// A field that is of no interest.
bool skip_value(Reader& reader, std::uint64_t type) {
  switch (type) {
    case number:
      return reader.read_number().has_value();
    case eight_bytes:
      return reader.skip(8);
    case four_bytes:
      return reader.skip(4);
    case sized: {
      const auto bytes = reader.read_number();
      return bytes && reader.skip(*bytes);
    }
    default:
      return false;
  }
}

/// The message in its frame; nothing when it is not exactly one, or compressed.
std::optional<std::string_view> unframed(std::string_view content) {
  if (content.size() < frame_bytes || content.front() != 0) return {};
  std::size_t length = 0;
  for (std::size_t at = 1; at < frame_bytes; ++at) length = length << 8 | static_cast<std::uint8_t>(content[at]);
  content.remove_prefix(frame_bytes);
  if (content.size() != length) return {};
  return content;
}

}  // namespace

std::string health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    append_number(message, 1 << 3 | sized);
    append_number(message, service.size());
    message += service;
  }
  std::string framed(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) framed += static_cast<char>(message.size() >> shift & 0xFF);
  return framed + message;
}

std::optional<ServingStatus> health_answer(std::string_view content) {
  const auto message = unframed(content);
  if (!message) return {};
  std::uint64_t status = 0;  // what is not written is 0
  for (Reader reader(*message); !reader.at_end();) {
    const auto key = reader.read_number();
    if (!key || *key >> 3 == 0) return {};
    if (*key != (1 << 3 | number)) {
      if (!skip_value(reader, *key & 7)) return {};
      continue;
    }
    const auto value = reader.read_number();
    if (!value) return {};
    status = *value;  // the last one holds
  }
  const bool known = status <= static_cast<std::uint64_t>(ServingStatus::service_unknown);
  return known ? static_cast<ServingStatus>(status) : ServingStatus::unknown;
}

}  // namespace weir::grpc
