// Raw HTTP/1.1 as the simulated clients and origins speak it.
//
// Idea: not one line of the gateway's own codec is used here: whoever checks a parser with itself sees what it
// believes. This one is lenient and slow, and says precisely how a message ended.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/stream.h"
#include "runtime/task.h"
#include "sim/content.h"
#include "sim/plan.h"

namespace weir::sim {

struct Head {
  std::string start;                                        ///< the first line
  std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case

  /// The first field of that name; empty when there is none.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  /// Of a response; 0 when the line is none.
  [[nodiscard]] unsigned status() const;
};

/// How a head or a content ended.
enum class Ending : std::uint8_t {
  whole,
  closed,  ///< an orderly end came instead of the first byte
  cut,     ///< an end or a reset in the middle
  reset,   ///< a reset before the first byte
  malformed,
  wrong,  ///< not the bytes that should be there
  late,   ///< nothing came for as long as one may wait
};

/// How fast somebody reads.
struct Pace {
  Duration pause{};       ///< before each read
  std::size_t bytes = 0;  ///< most bytes at once; 0: what is there
};

/// Waits for somebody who takes longer than any timeout of the gateway allows.
inline constexpr Duration patience = std::chrono::seconds{100};

class Wire {
 public:
  explicit Wire(Stream& stream) : stream_(stream) {}

  Task<Ending> read_head(Head& head, Duration longest = patience);
  /// The content of a message, compared with what it should be; chunked contents with their trailers.
  /// \param arrived  counts the content's bytes as they come, \param stop_after  gives up (as `cut`) beyond so many
  Task<Ending> read_content(const Head& head, Framed framed, ContentCheck& check, ByteCount& arrived,
                            ByteCount stop_after = unbounded);
  /// Waits for the end of the stream: `closed`, `reset`, `malformed` when bytes come instead, or `late`.
  Task<Ending> read_end(Duration longest);
  /// Some bytes; empty with `closed`, `reset`, `late`.
  Task<Ending> read_some(std::string& bytes, std::size_t most, Duration longest = patience);
  /// Goes on with `into` until it has so many bytes. \param longest  to wait for its first
  /// \returns  `closed`, `reset` or `late` only when `into` is empty
  Task<Ending> read_up_to(std::string& into, std::size_t bytes, Duration longest = patience);

  Task<Result<void>> send(std::string bytes) { co_return co_await stream_.send(bytes, patience); }

  void set_pace(Pace pace) { pace_ = pace; }
  [[nodiscard]] Stream& stream() { return stream_; }
  /// The last content that was read had the trailer `x-sum: right`.
  [[nodiscard]] bool trailer_seen() const { return trailer_seen_; }
  /// Bytes that arrived and nobody has read.
  [[nodiscard]] bool has_unread() const { return !unread_.empty(); }

 private:
  Task<Ending> fill(Duration longest);
  Task<Ending> read_line(std::string& line);

  Stream& stream_;
  Pace pace_;
  std::string unread_;
  bool trailer_seen_ = false;
};

inline unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}
/// How a message with that head tells its end. \param has_content  false: HEAD, 204, 304
Framed framing_of(const Head& head, bool has_content, bool is_answer);
/// `5\r\nhello\r\n`
std::string chunk(std::string_view bytes);

}  // namespace weir::sim
