// Composing the heads of head_writer.h.
//
// Idea: whatever decides where a message ends or who it is for is written here, once, from the head's own members; a
// field of such a name among the fields is passed over, so that no filter can put a second opinion on the wire.
#include "protocols/h1/head_writer.h"

#include <array>
#include <charconv>
#include <cstring>
#include <string>

#include "base/invariant.h"
#include "base/short_text.h"

namespace weir::h1 {
namespace {

/// Fields that belong to this hop and are composed here.
constexpr FieldSet composed = set_of(FieldName::connection) | set_of(FieldName::content_length) |
                              set_of(FieldName::transfer_encoding) | set_of(FieldName::upgrade) |
                              set_of(FieldName::keep_alive) | set_of(FieldName::proxy_connection) |
                              set_of(FieldName::te) | set_of(FieldName::host);

/// \returns the names that were there
FieldSet append_fields(HeadBuffer& out, const Fields& fields, FieldSet passed_over) {
  FieldSet seen = 0;
  for (const Field& field : fields) {
    seen |= set_of(field.id);
    if ((set_of(field.id) & passed_over) == 0) out.append_line(field.name, field.value);
  }
  return seen;
}

void append_length(HeadBuffer& out, ByteCount length) {
  out.append("content-length: ");
  out.append_number(length);
  out.append("\r\n");
}

/// POST, PUT and PATCH say so when they bring nothing: some servers refuse them with 411 else (RFC 9110 section 8.6).
bool should_say_empty(Method method) {
  return method == Method::post || method == Method::put || method == Method::patch;
}

void append_request_framing(HeadBuffer& out, const RequestHead& request) {
  switch (request.framing.kind) {
    case Framing::Kind::none:
      if (should_say_empty(request.method)) out.append("content-length: 0\r\n");
      return;
    case Framing::Kind::length:
      return append_length(out, request.framing.length);
    case Framing::Kind::chunked:
      return out.append("transfer-encoding: chunked\r\n");
    case Framing::Kind::until_close:
      invariant(false, "a request's body never ends by closing");
  }
}

void append_target(HeadBuffer& out, const RequestHead& request) {
  if (request.method == Method::connect) return out.append(request.authority);
  out.append(request.path);
  if (!request.has_query) return;
  out.append("?");
  out.append(request.query);
}

void append_status_line(HeadBuffer& out, Status status) {
  if (status == 200) return out.append("HTTP/1.1 200 OK\r\n");
  out.append("HTTP/1.1 ");
  out.append_number(status);
  out.append(" ");
  out.append(phrase_of(status));
  out.append("\r\n");
}

void append_persistence(HeadBuffer& out, const ResponseHead& response, Version client_version,
                        Persistence persistence) {
  if (response.status == 101) {
    out.append("connection: upgrade\r\n");
    return out.append_line("upgrade", response.upgrade);
  }
  const bool closes = persistence == Persistence::close || response.framing.kind == Framing::Kind::until_close;
  if (response.status == 426 && !response.upgrade.empty() && client_version != Version::http_1_0) {
    out.append(closes ? "connection: upgrade, close\r\n" : "connection: upgrade\r\n");
    return out.append_line("upgrade", response.upgrade);
  }
  if (closes) return out.append("connection: close\r\n");
  if (client_version == Version::http_1_0) out.append("connection: keep-alive\r\n");
}

}  // namespace

void HeadBuffer::append(std::string_view text) {
  if (static_cast<std::size_t>(end_ - next_) < text.size()) [[unlikely]] {
    overflowed_ = true;
    return;
  }
  if (!text.empty()) std::memcpy(next_, text.data(), text.size());
  next_ += text.size();
}

void HeadBuffer::append_line(std::string_view name, std::string_view value) {
  constexpr std::size_t punctuation = 4;  // ": " and CRLF
  if (static_cast<std::size_t>(end_ - next_) < name.size() + value.size() + punctuation) [[unlikely]] {
    overflowed_ = true;
    return;
  }
  next_ = copy_short(next_, name);
  std::memcpy(next_, ": ", 2);
  next_ = copy_short(next_ + 2, value);
  std::memcpy(next_, "\r\n", 2);
  next_ += 2;
}

void HeadBuffer::append_number(std::uint64_t number) {
  std::array<char, 20> digits;  // of 2^64 - 1
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  append({digits.data(), static_cast<std::size_t>(written.ptr - digits.data())});
}

void write_request_head(HeadBuffer& out, const RequestHead& request) {
  out.append(request.method_text);
  out.append(" ");
  append_target(out, request);
  out.append(" HTTP/1.1\r\n");
  out.append_line("host", request.authority);
  append_fields(out, request.fields, composed);
  append_request_framing(out, request);
  if (!request.upgrade.empty()) {
    out.append(request.accepts_trailers ? "connection: upgrade, te\r\n" : "connection: upgrade\r\n");
    out.append_line("upgrade", request.upgrade);
  } else if (request.accepts_trailers) {
    out.append("connection: te\r\n");
  }
  if (request.accepts_trailers) out.append("te: trailers\r\n");
  out.append("\r\n");
}

void write_response_head(HeadBuffer& out, const ResponseHead& response, Version client_version, Persistence persistence,
                         std::string_view date) {
  append_status_line(out, response.status);
  const bool interim = is_interim(response.status) && response.status != 101;
  // Without framing a length only tells (HEAD, 304); beside real framing it would be a second opinion.
  const bool length_only_tells =
      response.framing.kind == Framing::Kind::none && !is_interim(response.status) && response.status != 204;
  const FieldSet host_stays = set_of(FieldName::host);
  const FieldSet length_stays = length_only_tells ? set_of(FieldName::content_length) : 0;
  append_fields(out, response.fields, composed & ~host_stays & ~length_stays);
  if (!interim) {
    if (!response.fields.has(FieldName::date)) out.append_line("date", date);
    if (response.framing.kind == Framing::Kind::length) append_length(out, response.framing.length);
    if (response.framing.kind == Framing::Kind::chunked) out.append("transfer-encoding: chunked\r\n");
    append_persistence(out, response, client_version, persistence);
  }
  out.append("\r\n");
}

void write_chunk_line(HeadBuffer& out, std::size_t bytes) {
  std::array<char, 16> digits;
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), bytes, 16);
  out.append({digits.data(), static_cast<std::size_t>(written.ptr - digits.data())});
  out.append("\r\n");
}

void write_last_chunk(HeadBuffer& out, const Fields* trailers) {
  out.append("0\r\n");
  if (trailers != nullptr) append_fields(out, *trailers, composed);
  out.append("\r\n");
}

}  // namespace weir::h1
