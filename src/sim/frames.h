// Raw HTTP/2 as the simulated clients speak it.
//
// Idea: as with sim/wire.h, not one line of the gateway's own codec is used here: frames are put together and taken
// apart by hand, and fields are written as plainly as HPACK allows. Only what the gateway packs is unpacked by the
// library.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::sim {

using Lines = std::vector<std::pair<std::string, std::string>>;

struct Frame {
  // RFC 9113 section 6.
  static constexpr unsigned data = 0;
  static constexpr unsigned headers = 1;
  static constexpr unsigned reset = 3;
  static constexpr unsigned settings = 4;
  static constexpr unsigned ping = 6;
  static constexpr unsigned goaway = 7;
  static constexpr unsigned window_update = 8;

  static constexpr unsigned end_stream = 0x1;
  static constexpr unsigned ack = 0x1;
  static constexpr unsigned end_headers = 0x4;
  static constexpr unsigned padded = 0x8;

  unsigned type = 0;
  unsigned flags = 0;
  unsigned stream = 0;
  std::string payload;

  [[nodiscard]] bool has(unsigned flag) const { return (flags & flag) != 0; }
};

/// Section 7; those that are spoken of here.
struct StreamError {
  static constexpr unsigned none = 0;
  static constexpr unsigned protocol = 1;
  static constexpr unsigned refused = 7;
  static constexpr unsigned cancel = 8;
};

/// Section 6.5.2.
struct Setting {
  static constexpr unsigned concurrent_streams = 3;
  static constexpr unsigned initial_window = 4;
};

inline constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline constexpr std::int64_t initial_window = 65'535;

std::string bytes_of(const Frame& frame);
/// The first frame of `unread` is taken off it; nothing when it is not whole.
std::optional<Frame> take_frame(std::string& unread);

/// 32 bits, as they stand in payloads. \pre  the payload has them
unsigned number_at(std::string_view payload, std::size_t at);
std::string number(std::uint32_t value);
/// One entry of a SETTINGS frame.
std::string setting(unsigned name, std::uint32_t value);
/// As fields that stand for themselves, whole and unpacked.
std::string packed(const Lines& lines);

/// Remembers what the other side's packing refers to.
class Unpacker {
 public:
  Unpacker();
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
  ~Unpacker();

  /// \returns  nothing when that is no field section
  std::optional<Lines> unpack(std::string_view section);

 private:
  struct Library;
  std::unique_ptr<Library> library_;
};

}  // namespace weir::sim
