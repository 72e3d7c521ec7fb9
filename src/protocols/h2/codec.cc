// The one file of the data path that knows libnghttp2 (1.52: docs/decisions/http2-library.md says why, and with which
// care).
#include "protocols/h2/codec.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/invariant.h"
#include "base/limits.h"
#include "protocols/h2/frame_scanner.h"

namespace weir::h2 {
namespace {

// Answers to PING and SETTINGS that may wait for a peer that does not read (CVE-2019-9512, CVE-2019-9515): more than
// may be asked for at once, so that the flood guard, which knows the reason, is first.
constexpr std::size_t outbound_acks_max = 2 * limits::h2_idle_frames_at_once;
// Settings in one frame: RFC 9113 and its extensions know ten.
constexpr std::size_t settings_max = 32;

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv to_library(const Line& line) {
  return {.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(line.name.data())),
          .value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(line.value.data())),
          .namelen = line.name.size(),
          .valuelen = line.value.size(),
          .flags = NGHTTP2_NV_FLAG_NONE};
}

bool ends_stream(const nghttp2_frame& frame) {
  const bool may = frame.hd.type == NGHTTP2_DATA || frame.hd.type == NGHTTP2_HEADERS;
  return may && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

}  // namespace

/// The library's session, and what its callbacks need.
struct Codec::Library {
  Library(Side side, const CodecSettings& settings, CodecEvents& events_in);
  Library(const Library&) = delete;
  ~Library() { nghttp2_session_del(session); }

  std::span<const nghttp2_nv> lines_of(std::span<const Line> lines);
  std::size_t append(std::string_view bytes);

  // Callbacks, in the order of the file that declares them.
  static int send_content(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header, std::size_t bytes,
                          nghttp2_data_source*, void* self);
  static ssize_t look_at_content(nghttp2_session*, int32_t stream, std::uint8_t*, std::size_t room,
                                 std::uint32_t* flags, nghttp2_data_source*, void* self);
  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int content_received(nghttp2_session*, std::uint8_t, int32_t stream, const std::uint8_t* bytes,
                              std::size_t size, void* self);
  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int stream_closed(nghttp2_session*, int32_t stream, std::uint32_t why, void* self);
  static int section_began(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int field_received(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                            std::size_t name_bytes, const std::uint8_t* value, std::size_t value_bytes, std::uint8_t,
                            void* self);

  Result<void> judge_and_receive(std::string_view bytes);
  ssize_t pass_on(std::string_view bytes) {
    return nghttp2_session_mem_recv(session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  Failure end_because(ErrorCode why);

  CodecEvents& events;
  FrameScanner scanner;
  nghttp2_session* session = nullptr;
  std::vector<nghttp2_nv> lines;
  std::optional<ErrorCode> refused;  // an event wants the connection to end with this
  std::optional<ErrorCode> ended_with;
  std::span<char> room;  // of the produce() that runs
  std::size_t produced = 0;
  std::string_view left_over;  // of a frame that did not fit: the library keeps it until it is asked for the next
  StreamId asked_up_to;        // of our own requests; of a server, who has none, above all
  StreamId reset_by_peer = 0;  // while its closing is told
  bool resetting = false;      // by us, while its closing is told
};

namespace {

/// Options and callbacks are the same for every connection, and made once.
struct Shared {
  nghttp2_option* option = nullptr;
  nghttp2_session_callbacks* callbacks = nullptr;
};

}  // namespace

Codec::Library::Library(Side side, const CodecSettings& settings, CodecEvents& events_in)
    : events(events_in),
      scanner(side == Side::server ? NGHTTP2_CLIENT_MAGIC_LEN : 0),
      asked_up_to(side == Side::server ? INT32_MAX : 0) {
  static const Shared shared = [] {
    Shared made;
    const bool good = nghttp2_option_new(&made.option) == 0 && nghttp2_session_callbacks_new(&made.callbacks) == 0;
    invariant(good, "there is memory for the library's options");
    nghttp2_option_set_no_auto_window_update(made.option, 1);
    nghttp2_option_set_no_http_messaging(made.option, 1);
    nghttp2_option_set_no_closed_streams(made.option, 1);
    nghttp2_option_set_builtin_recv_extension_type(made.option, NGHTTP2_PRIORITY_UPDATE);
    nghttp2_option_set_max_outbound_ack(made.option, outbound_acks_max);
    nghttp2_option_set_max_settings(made.option, settings_max);
    nghttp2_session_callbacks_set_send_data_callback(made.callbacks, send_content);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made.callbacks, frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made.callbacks, content_received);
    nghttp2_session_callbacks_set_on_frame_send_callback(made.callbacks, frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(made.callbacks, stream_closed);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made.callbacks, section_began);
    nghttp2_session_callbacks_set_on_header_callback(made.callbacks, field_received);
    return made;
  }();
  const auto make = side == Side::server ? &nghttp2_session_server_new2 : &nghttp2_session_client_new2;
  invariant(make(&session, shared.callbacks, this, shared.option) == 0, "there is memory for a session");

  std::array<nghttp2_settings_entry, 5> entries;
  std::size_t count = 0;
  const auto tell = [&](nghttp2_settings_id id, std::uint32_t value) {
    entries[count++] = {.settings_id = static_cast<int32_t>(id), .value = value};
  };
  if (side == Side::client) tell(NGHTTP2_SETTINGS_ENABLE_PUSH, 0);
  if (side == Side::server) tell(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.concurrent_streams);
  tell(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window);
  tell(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.head_bytes);
  // The tree of RFC 7540 section 5.3 is neither kept nor walked; RFC 9218 has taken its place.
  if (side == Side::server) tell(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1);
  if (settings.extended_connect) tell(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1);
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, entries.data(), count);
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(settings.connection_window));
}

std::span<const nghttp2_nv> Codec::Library::lines_of(std::span<const Line> wanted) {
  lines.clear();
  for (const Line& line : wanted) lines.push_back(to_library(line));
  return lines;
}

// Copies what fits. \returns how much
std::size_t Codec::Library::append(std::string_view bytes) {
  const std::size_t count = std::min(bytes.size(), room.size() - produced);
  if (count > 0) std::memcpy(room.data() + produced, bytes.data(), count);
  produced += count;
  return count;
}

int Codec::Library::send_content(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* header, std::size_t bytes,
                                 nghttp2_data_source*, void* self) {
  Library& codec = *static_cast<Library*>(self);
  constexpr std::size_t header_bytes = 9;
  if (codec.room.size() - codec.produced < header_bytes + bytes) return NGHTTP2_ERR_WOULDBLOCK;
  invariant(frame->data.padlen == 0, "nobody asked for padding");
  char* const place = codec.room.data() + codec.produced + header_bytes;
  if (bytes > 0 && !codec.events.take(frame->hd.stream_id, bytes, place)) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  codec.append(text_of(header, header_bytes));
  codec.produced += bytes;
  return 0;
}

ssize_t Codec::Library::look_at_content(nghttp2_session* session, int32_t stream, std::uint8_t*, std::size_t room,
                                        std::uint32_t* flags, nghttp2_data_source*, void* self) {
  Library& codec = *static_cast<Library*>(self);
  const Sendable there = codec.events.sendable(stream);
  if (there.bytes == 0 && !there.end) return NGHTTP2_ERR_DEFERRED;
  const std::size_t bytes = std::min(there.bytes, room);
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (there.end && bytes == there.bytes) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!there.trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const auto lines = codec.lines_of(there.trailers);
      if (nghttp2_submit_trailer(session, stream, lines.data(), lines.size()) != 0) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      }
    }
  }
  return static_cast<ssize_t>(bytes);
}

int Codec::Library::frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  Library& codec = *static_cast<Library*>(self);
  const StreamId stream = frame->hd.stream_id;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      codec.events.section_ended(stream, ends_stream(*frame));
      break;
    case NGHTTP2_DATA:
      if (ends_stream(*frame)) codec.events.content_ended(stream);
      break;
    case NGHTTP2_RST_STREAM:
      codec.reset_by_peer = stream;
      break;
    case NGHTTP2_SETTINGS:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) codec.events.settings_came();
      break;
    case NGHTTP2_PING:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) codec.events.ping_answered();
      break;
    case NGHTTP2_GOAWAY:
      codec.events.peer_goes_away(frame->goaway.last_stream_id, static_cast<ErrorCode>(frame->goaway.error_code));
      break;
    default:
      break;
  }
  return 0;
}

int Codec::Library::content_received(nghttp2_session*, std::uint8_t, int32_t stream, const std::uint8_t* bytes,
                                     std::size_t size, void* self) {
  static_cast<Library*>(self)->events.content(stream, text_of(bytes, size));
  return 0;
}

int Codec::Library::frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  Library& codec = *static_cast<Library*>(self);
  codec.resetting = frame->hd.type == NGHTTP2_RST_STREAM;
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
    codec.ended_with = static_cast<ErrorCode>(frame->goaway.error_code);
  }
  const bool asks = frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
  if (asks) {
    codec.asked_up_to = frame->hd.stream_id;
    codec.events.request_produced(frame->hd.stream_id);
  }
  if (ends_stream(*frame)) codec.events.last_frame_produced(frame->hd.stream_id);
  return 0;
}

int Codec::Library::stream_closed(nghttp2_session*, int32_t stream, std::uint32_t why, void* self) {
  Library& codec = *static_cast<Library*>(self);
  const bool by_peer = codec.reset_by_peer == stream || (why == NGHTTP2_NO_ERROR && !codec.resetting);
  codec.events.stream_closed(stream, static_cast<ErrorCode>(why), by_peer);
  return 0;
}

int Codec::Library::section_began(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  static_cast<Library*>(self)->events.section_began(frame->hd.stream_id);
  return 0;
}

int Codec::Library::field_received(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                                   std::size_t name_bytes, const std::uint8_t* value, std::size_t value_bytes,
                                   std::uint8_t, void* self) {
  Library& codec = *static_cast<Library*>(self);
  if (codec.events.field(frame->hd.stream_id, text_of(name, name_bytes), text_of(value, value_bytes))) return 0;
  codec.refused = ErrorCode::enhance_your_calm;
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

Codec::Codec(Side side, const CodecSettings& settings, CodecEvents& events)
    : library_(std::make_unique<Library>(side, settings, events)) {}
Codec::~Codec() = default;

Result<void> Codec::receive(std::string_view bytes) {
  library_->resetting = false;
  const Result<void> read = library_->judge_and_receive(bytes);
  library_->reset_by_peer = 0;
  return read;
}

Result<void> Codec::Library::judge_and_receive(std::string_view bytes) {
  while (!bytes.empty()) {
    const FrameScanner::Step step = scanner.next(bytes);
    ssize_t taken = 0;
    if (step.began) {
      if (const auto why = events.frame_began(scanner.frame())) return end_because(*why);
      taken = pass_on(scanner.head());
    } else if (step.payload) {
      taken = pass_on(bytes.substr(0, step.bytes));
    }
    if (refused) return end_because(*refused);
    if (taken == NGHTTP2_ERR_FLOODED || taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
      return end_because(ErrorCode::enhance_your_calm);
    }
    if (taken < 0) return end_because(ErrorCode::protocol_error);
    bytes.remove_prefix(step.bytes);
  }
  return {};
}

Failure Codec::Library::end_because(ErrorCode why) {
  nghttp2_session_terminate_session(session, static_cast<std::uint32_t>(why));
  return fail(client_error(why == ErrorCode::enhance_your_calm ? Code::frame_flood : Code::protocol_violation));
}

std::size_t Codec::produce(std::span<char> room) {
  Library& codec = *library_;
  invariant(room.size() >= room_bytes_min, "a frame fits into what is to be filled");
  codec.room = room;
  codec.produced = 0;
  while (true) {
    codec.left_over.remove_prefix(codec.append(codec.left_over));
    if (!codec.left_over.empty()) break;
    const std::uint8_t* frame = nullptr;
    const ssize_t bytes = nghttp2_session_mem_send(codec.session, &frame);
    if (bytes <= 0) break;
    codec.left_over = text_of(frame, static_cast<std::size_t>(bytes));
  }
  return codec.produced;
}

bool Codec::wants_to_produce() const {
  return !library_->left_over.empty() || nghttp2_session_want_write(library_->session) != 0;
}

bool Codec::finished() const {
  return !wants_to_produce() && nghttp2_session_want_read(library_->session) == 0;
}

std::optional<StreamId> Codec::open(std::span<const Line> head, bool end_of_stream) {
  const auto lines = library_->lines_of(head);
  const nghttp2_data_provider content{.source = {}, .read_callback = Library::look_at_content};
  const int32_t stream = nghttp2_submit_request(library_->session, nullptr, lines.data(), lines.size(),
                                                end_of_stream ? nullptr : &content, nullptr);
  return stream < 0 ? std::nullopt : std::optional<StreamId>(stream);
}

void Codec::answer(StreamId stream, std::span<const Line> head, bool end_of_stream) {
  const auto lines = library_->lines_of(head);
  const nghttp2_data_provider content{.source = {}, .read_callback = Library::look_at_content};
  nghttp2_submit_response(library_->session, stream, lines.data(), lines.size(), end_of_stream ? nullptr : &content);
}

void Codec::interim(StreamId stream, std::span<const Line> head) {
  const auto lines = library_->lines_of(head);
  nghttp2_submit_headers(library_->session, NGHTTP2_FLAG_NONE, stream, nullptr, lines.data(), lines.size(), nullptr);
}

void Codec::more_to_send(StreamId stream) {
  nghttp2_session_resume_data(library_->session, stream);
}

void Codec::reset(StreamId stream, ErrorCode why) {
  nghttp2_submit_rst_stream(library_->session, NGHTTP2_FLAG_NONE, stream, static_cast<std::uint32_t>(why));
}

void Codec::give_stream_credit(StreamId stream, std::size_t bytes) {
  nghttp2_session_consume_stream(library_->session, stream, bytes);
}

void Codec::give_connection_credit(std::size_t bytes) {
  nghttp2_session_consume_connection(library_->session, bytes);
}

void Codec::widen(StreamId stream, std::uint32_t window) {
  nghttp2_session_set_local_window_size(library_->session, NGHTTP2_FLAG_NONE, stream, static_cast<int32_t>(window));
}

void Codec::ping() {
  nghttp2_submit_ping(library_->session, NGHTTP2_FLAG_NONE, nullptr);
}

void Codec::announce_end() {
  nghttp2_submit_shutdown_notice(library_->session);
}

void Codec::refuse_new_streams() {
  nghttp2_session* session = library_->session;
  nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

void Codec::end(ErrorCode why) {
  nghttp2_session_terminate_session(library_->session, static_cast<std::uint32_t>(why));
}

std::optional<ErrorCode> Codec::ended_with() const {
  return library_->ended_with;
}

bool Codec::is_open(StreamId stream) const {
  if (stream > library_->asked_up_to) return true;  // its head waits to be sent
  return nghttp2_session_find_stream(library_->session, stream) != nullptr && stream != 0;
}

std::uint32_t Codec::peer_concurrent_streams() const {
  return nghttp2_session_get_remote_settings(library_->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool Codec::peer_takes_extended_connect() const {
  return nghttp2_session_get_remote_settings(library_->session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

void Codec::prioritise(StreamId stream, unsigned urgency, bool incremental) {
  nghttp2_extpri priority{.urgency = urgency, .inc = incremental ? 1 : 0};
  nghttp2_session_change_extpri_stream_priority(library_->session, stream, &priority, 0);
}

}  // namespace weir::h2
