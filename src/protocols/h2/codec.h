// The frames of HTTP/2: bytes to events, and answers to bytes.
//
// Problem: libnghttp2 calls back while it reads and while it writes, may not be entered again from there, and gives
// credit for content behind its user's back unless told not to.
// Idea: codec.cc is the one file of the data path that knows the library. What it reads becomes CodecEvents; what is to
// be sent is asked for with produce(), which fills memory of the caller's. The library is told to leave credit (RFC
// 9113 section 5.2) and the meaning of messages (section 8) alone: both are Weir's own, in carrier.cc and
// request_meaning.cc.
//
// Invariants
//   (1) Nothing calls receive() or produce() from inside an event.
//   (2) What produce() has given is on its way in that order: nothing of it is taken back.
//   (3) After receive() failed, the codec only produces: what is left, with the reason in a GOAWAY at its end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/units.h"

namespace weir::h2 {

using StreamId = std::int32_t;

/// RFC 9113 section 7.
enum class ErrorCode : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  settings_timeout = 4,
  stream_closed = 5,
  frame_size_error = 6,
  refused_stream = 7,
  cancel = 8,
  compression_error = 9,
  connect_error = 10,
  enhance_your_calm = 11,
  inadequate_security = 12,
  http_1_1_required = 13,
};

/// RFC 9113 section 6; those that are spoken of here.
enum class FrameType : std::uint8_t {
  data = 0,
  headers = 1,
  priority = 2,
  reset = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  going_away = 7,
  window_update = 8,
  continuation = 9,
};

constexpr std::uint8_t end_stream_flag = 0x1;
constexpr std::uint8_t ack_flag = 0x1;

struct FrameHeader {
  std::size_t bytes = 0;  ///< of the payload
  FrameType type = FrameType::data;
  std::uint8_t flags = 0;
  StreamId stream = 0;
  StreamId depends_on = 0;  ///< of a PRIORITY
};

/// A line of a field section, pseudo-fields included.
struct Line {
  std::string_view name;
  std::string_view value;
};

enum class Side : std::uint8_t { server, client };

/// What we tell the peer about us.
struct CodecSettings {
  std::uint32_t concurrent_streams = 0;  ///< that the peer may open
  std::uint32_t stream_window = 0;       ///< bytes of content that a stream may have sent and we have not read
  std::uint32_t connection_window = 0;
  std::uint32_t head_bytes = 0;   ///< told as SETTINGS_MAX_HEADER_LIST_SIZE
  bool extended_connect = false;  ///< RFC 8441
};

/// Content that waits to be sent on a stream.
struct Sendable {
  std::size_t bytes = 0;             ///< that are there; with neither bytes nor end the stream is asked again later
  bool end = false;                  ///< nothing follows them
  std::span<const Line> trailers{};  ///< with end
};

class CodecEvents {
 public:
  // While receive() runs.

  /// A frame begins. \returns  with what to end the connection instead of reading it
  virtual std::optional<ErrorCode> frame_began(const FrameHeader& frame) = 0;
  /// A field section: a request, an answer, or trailers.
  virtual void section_began(StreamId stream) = 0;
  /// \returns  false when that was too much: the connection ends
  virtual bool field(StreamId stream, std::string_view name, std::string_view value) = 0;
  /// \param end_of_stream  nothing follows it
  virtual void section_ended(StreamId stream, bool end_of_stream) = 0;
  virtual void content(StreamId stream, std::string_view bytes) = 0;
  virtual void content_ended(StreamId stream) = 0;
  /// \param by_peer  the peer reset it, or both sides had ended it
  virtual void stream_closed(StreamId stream, ErrorCode why, bool by_peer) = 0;
  /// The peer will open none (or, towards a server of its own, answer none) above `last`.
  virtual void peer_goes_away(StreamId last, ErrorCode why) = 0;
  virtual void ping_answered() = 0;
  /// The peer has said what it takes: Codec::peer_... tell what that is now.
  virtual void settings_came() {}

  // While produce() runs.

  virtual Sendable sendable(StreamId stream) = 0;
  /// The first `bytes` of them, to be copied to `place`. \returns  false when the stream was given up meanwhile
  virtual bool take(StreamId stream, std::size_t bytes, char* place) = 0;
  /// The head of a request of ours has been produced.
  virtual void request_produced(StreamId) {}
  /// The last frame of our side has been produced.
  virtual void last_frame_produced(StreamId stream) = 0;

 protected:
  ~CodecEvents() = default;
};

class Codec {
 public:
  Codec(Side side, const CodecSettings& settings, CodecEvents& events);
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
  ~Codec();

  /// Reads all of `bytes`.
  /// \errors  protocol_violation (the peer broke a rule, or an event said so)
  Result<void> receive(std::string_view bytes);
  /// Fills `room`, at least room_bytes_min, with what may be sent now. \returns how much; 0: nothing
  std::size_t produce(std::span<char> room);
  [[nodiscard]] bool wants_to_produce() const;
  /// Nothing will come any more that we should read, and nothing is left to send.
  [[nodiscard]] bool finished() const;

  /// A request of ours. \returns  its stream; nothing when no number is left
  std::optional<StreamId> open(std::span<const Line> head, bool end_of_stream);
  /// A final head, with content behind it that sendable() tells of, or nothing.
  void answer(StreamId stream, std::span<const Line> head, bool end_of_stream);
  /// An interim head.
  void interim(StreamId stream, std::span<const Line> head);
  /// sendable() said that nothing was there, and now something is.
  void more_to_send(StreamId stream);
  void reset(StreamId stream, ErrorCode why);

  /// `bytes` of content have been taken: the peer may send as many more, on the stream and on the connection.
  void give_stream_credit(StreamId stream, std::size_t bytes);
  void give_connection_credit(std::size_t bytes);
  /// How much the peer may have on its way on this stream from now on.
  void widen(StreamId stream, std::uint32_t window);

  void ping();
  /// Says that new streams will be refused soon, without naming a last one yet (RFC 9113 section 6.8).
  void announce_end();
  /// Says that no stream above the last that was begun is served.
  void refuse_new_streams();
  /// Ends the connection with the next that is produced: a GOAWAY, and nothing behind it.
  void end(ErrorCode why);
  /// With what the connection was ended, by us or by the library's judgement of what it read.
  [[nodiscard]] std::optional<ErrorCode> ended_with() const;

  /// Opened, or about to be, and not closed by both sides.
  [[nodiscard]] bool is_open(StreamId stream) const;
  /// How many streams of ours the peer lets be open at once.
  [[nodiscard]] std::uint32_t peer_concurrent_streams() const;
  [[nodiscard]] bool peer_takes_extended_connect() const;
  /// RFC 9218: the more urgent goes first; incremental ones share.
  void prioritise(StreamId stream, unsigned urgency, bool incremental);

  /// What produce() needs at least: a frame with its header.
  static constexpr std::size_t room_bytes_min = 16'384 + 9 + 256;

 private:
  struct Library;
  std::unique_ptr<Library> library_;
};

}  // namespace weir::h2
