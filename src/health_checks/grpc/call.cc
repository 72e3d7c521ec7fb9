// The library's callbacks, and what the facts mean.
#include "health_checks/grpc/call.h"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/invariant.h"
#include "base/text.h"
#include "health_checks/grpc/message.h"

namespace weir::grpc {
namespace {

constexpr std::uint32_t unimplemented = 12;  // https://grpc.io/docs/guides/status-codes/
constexpr std::uint32_t not_found = 5;

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv to_library(std::string_view name, std::string_view value) {
  return {.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          .value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
          .namelen = name.size(),
          .valuelen = value.size(),
          .flags = NGHTTP2_NV_FLAG_NONE};
}

ProbeResult judge_refusal(std::uint32_t grpc_status) {
  if (grpc_status == unimplemented) return {.reason = "unimplemented"};  // no health service is there
  if (grpc_status == not_found) return {.reason = "unknown_service"};
  return {.reason = "grpc_status", .number = grpc_status};
}

}  // namespace

ProbeResult judge(const Heard& heard) {
  if (heard.status != 200) return {.reason = "status", .number = heard.status};
  const bool is_grpc = heard.content_type == "application/grpc" ||
                       heard.content_type.starts_with("application/grpc+") ||
                       heard.content_type.starts_with("application/grpc;");
  if (!is_grpc) return {.reason = "not_grpc"};
  if (!heard.grpc_status) return {.reason = "no_grpc_status"};
  if (*heard.grpc_status != 0) return judge_refusal(*heard.grpc_status);
  const auto answer = health_answer(heard.content);
  if (!answer) return {.reason = "bad_message"};
  switch (*answer) {
    case ServingStatus::serving:
      return {.passed = true, .reason = "serving"};
    case ServingStatus::not_serving:
      return {.reason = "not_serving"};
    case ServingStatus::service_unknown:
      return {.reason = "unknown_service"};
    case ServingStatus::unknown:
      break;
  }
  return {.reason = "unknown_status"};
}

struct Call::Session {
  explicit Session(const CallOptions& options);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { nghttp2_session_del(library); }

  void ask(const CallOptions& options);
  void pump();
  void decide(ProbeResult result) {
    if (!verdict) verdict = result;
  }
  void hear_field(std::string_view name, std::string_view value);

  // Callbacks.
  static ssize_t give_content(nghttp2_session*, int32_t, std::uint8_t* place, std::size_t room, std::uint32_t* flags,
                              nghttp2_data_source*, void* self);
  static int field_received(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                            std::size_t name_bytes, const std::uint8_t* value, std::size_t value_bytes, std::uint8_t,
                            void* self);
  static int content_received(nghttp2_session*, std::uint8_t, int32_t, const std::uint8_t* bytes, std::size_t size,
                              void* self);
  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int frame_invalid(nghttp2_session*, const nghttp2_frame*, int, void* self);
  static int stream_closed(nghttp2_session*, int32_t, std::uint32_t why, void* self);

  nghttp2_session* library = nullptr;
  std::string request;  // what of its content is still to be sent
  std::string output;
  std::size_t received = 0;
  Heard heard;
  std::optional<ProbeResult> verdict;
};

namespace {

nghttp2_session_callbacks* make_callbacks(auto fill) {
  nghttp2_session_callbacks* made = nullptr;
  invariant(nghttp2_session_callbacks_new(&made) == 0, "there is memory for the library's callbacks");
  fill(made);
  return made;
}

}  // namespace

Call::Session::Session(const CallOptions& options) : request(health_request(options.service)) {
  static nghttp2_session_callbacks* const callbacks = make_callbacks([](nghttp2_session_callbacks* made) {
    nghttp2_session_callbacks_set_on_header_callback(made, field_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, content_received);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, frame_invalid);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, stream_closed);
  });
  invariant(nghttp2_session_client_new(&library, callbacks, this) == 0, "there is memory for a session");
  const nghttp2_settings_entry no_push{.settings_id = NGHTTP2_SETTINGS_ENABLE_PUSH, .value = 0};
  nghttp2_submit_settings(library, NGHTTP2_FLAG_NONE, &no_push, 1);
  ask(options);
  pump();
}

void Call::Session::ask(const CallOptions& options) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(options.timeout).count();
  // Eight digits at most (gRPC over HTTP/2, "Timeout").
  const std::string timeout = fmt::format("{}m", std::clamp<std::int64_t>(milliseconds, 1, 99'999'999));
  const std::array lines{to_library(":method", "POST"),
                         to_library(":scheme", options.secured ? "https" : "http"),
                         to_library(":path", "/grpc.health.v1.Health/Check"),
                         to_library(":authority", options.authority),
                         to_library("content-type", "application/grpc"),
                         to_library("te", "trailers"),
                         to_library("grpc-timeout", timeout),
                         to_library("user-agent", "weir-health")};
  const nghttp2_data_provider content{.source = {}, .read_callback = give_content};
  nghttp2_submit_request(library, nullptr, lines.data(), lines.size(), &content, nullptr);
}

/// Takes from the library what it wants to be sent. One that wants neither to read nor to write has given the server
/// up.
void Call::Session::pump() {
  while (true) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(library, &bytes);
    if (size <= 0) break;
    output.append(text_of(bytes, static_cast<std::size_t>(size)));
  }
  if (nghttp2_session_want_read(library) == 0) decide({.reason = "not_http2"});
}

void Call::Session::hear_field(std::string_view name, std::string_view value) {
  if (name == ":status") heard.status = static_cast<std::uint32_t>(text::parse_decimal(value).value_or(0));
  if (name == "content-type") heard.content_type = value;
  if (name != "grpc-status") return;
  heard.grpc_status.reset();
  const auto number = text::parse_decimal(value);
  if (number && *number <= UINT16_MAX) heard.grpc_status = static_cast<std::uint32_t>(*number);
}

ssize_t Call::Session::give_content(nghttp2_session*, int32_t, std::uint8_t* place, std::size_t room,
                                    std::uint32_t* flags, nghttp2_data_source*, void* self) {
  std::string& rest = static_cast<Session*>(self)->request;
  const std::size_t bytes = std::min(room, rest.size());
  if (bytes > 0) std::memcpy(place, rest.data(), bytes);
  rest.erase(0, bytes);
  if (rest.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(bytes);
}

int Call::Session::field_received(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                                  std::size_t name_bytes, const std::uint8_t* value, std::size_t value_bytes,
                                  std::uint8_t, void* self) {
  static_cast<Session*>(self)->hear_field(text_of(name, name_bytes), text_of(value, value_bytes));
  return 0;
}

int Call::Session::content_received(nghttp2_session*, std::uint8_t, int32_t, const std::uint8_t* bytes,
                                    std::size_t size, void* self) {
  static_cast<Session*>(self)->heard.content.append(text_of(bytes, size));
  return 0;
}

int Call::Session::frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  Session& session = *static_cast<Session*>(self);
  const bool of_stream = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (of_stream && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) session.decide(judge(session.heard));
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.last_stream_id < 1) {
    session.decide({.reason = "goes_away", .number = frame->goaway.error_code});
  }
  return 0;
}

int Call::Session::frame_invalid(nghttp2_session*, const nghttp2_frame*, int, void* self) {
  static_cast<Session*>(self)->decide({.reason = "not_http2"});
  return 0;
}

int Call::Session::stream_closed(nghttp2_session*, int32_t, std::uint32_t why, void* self) {
  static_cast<Session*>(self)->decide({.reason = "reset", .number = why});
  return 0;
}

Call::Call(const CallOptions& options) : session_(std::make_unique<Session>(options)) {}
Call::~Call() = default;

std::string Call::take_output() {
  return std::exchange(session_->output, {});
}

const std::optional<ProbeResult>& Call::verdict() const {
  return session_->verdict;
}

// One byte at a time, so that what the library makes of them cannot hang on how they were cut: whether it has given the
// server up is asked between its calls. An answer has some hundred bytes.
void Call::receive(std::string_view bytes) {
  for (const char& byte : bytes) {
    if (session_->verdict) return;
    const ssize_t taken = nghttp2_session_mem_recv(session_->library, reinterpret_cast<const std::uint8_t*>(&byte), 1);
    if (taken < 0) session_->decide({.reason = "not_http2"});
    session_->pump();
    if (++session_->received == limits::health_answer_bytes) session_->decide({.reason = "answer_too_long"});
  }
}

void Call::end() {
  session_->decide({.reason = session_->received == 0 ? "no_answer" : "cut_short"});
}

std::optional<ProbeResult> Call::judge_bytes(std::string_view answer, bool ended) {
  Call call({.authority = "localhost", .service = {}, .timeout = std::chrono::seconds{1}});
  call.receive(answer);
  if (ended) call.end();
  return call.verdict();
}

}  // namespace weir::grpc
