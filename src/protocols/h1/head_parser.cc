// The lexical half of head_parser.h: from bytes to lines, names and values. (What they mean is in head_meaning.cc.)
//
// Idea: one walk from left to right, each byte looked at once: the scan of a value for control characters is also what
// finds its CRLF. Each line has a window it must end in: the nearer of what arrived and what the limits allow. Running
// out of the window means "more bytes, please" in the first case and a refusal in the second.
//
// Invariants
//   (1) Nothing behind the window is looked at, so that more bytes never change a verdict already given.
//   (2) Names are lowered only after their line has ended: the store does not stand in the way of the scan behind it.
#include "protocols/h1/head_parser.h"

#include <algorithm>
#include <cstring>

#include "http/characters.h"

namespace weir::h1 {
namespace {

using characters::find_control;
using characters::find_invisible;
using characters::find_token_end;
using characters::token_lower_of;

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

class HeadReader {
 public:
  HeadReader(std::span<char> bytes, ByteCount section_bytes_max, const Limits& limits)
      : begin_(bytes.data()),
        next_(bytes.data()),
        available_(bytes.size()),
        section_(std::min<ByteCount>(section_bytes_max, SIZE_MAX / 2)),
        limits_(limits) {}

  bool read_leading_line_end();
  bool read_request_line(RequestHead& request);
  bool read_status_line(ResponseHead& response);
  bool read_field_lines(Fields& fields);

  /// After all reads returned true: the length; after one returned false: 0 or the refusal.
  Result<std::size_t> outcome(Origin sender) const {
    if (refused_) [[unlikely]]
      return fail(code_, sender);
    return complete_ ? static_cast<std::size_t>(next_ - begin_) : 0;
  }

 private:
  bool refuse(Code code) {
    code_ = code;
    refused_ = true;
    return false;
  }
  /// The window ended before the line did.
  bool out_of_window() { return window_is_limit_ ? refuse(window_code_) : false; }

  void open_window(ByteCount line_bytes_max, Code line_code);
  bool read_version(Version& version, Code malformed);
  bool expect(char wanted, Code otherwise);
  bool end_line(Code otherwise);
  bool refuse_byte(Code otherwise);
  bool read_name(std::string_view& name);
  bool refuse_name();
  bool read_value(std::string_view& value);
  bool read_field_line(Fields& fields);

  char* begin_;
  char* next_;
  char* end_ = nullptr;  // of the window
  std::size_t available_;
  std::size_t section_;
  const Limits& limits_;
  bool window_is_limit_ = false;
  bool refused_ = false;
  bool complete_ = false;
  Code window_code_ = Code::head_too_large;
  Code code_ = Code::internal;
};

/// Sets where the line that begins at next_ must end. A window that ends with what arrived, and not by a limit, stays
/// right for the lines behind it of the same kind: their limits lie further on.
/// \param line_bytes_max  without the CRLF
void HeadReader::open_window(ByteCount line_bytes_max, Code line_code) {
  const auto at = static_cast<std::size_t>(next_ - begin_);
  const std::size_t line_limit = at + static_cast<std::size_t>(std::min<ByteCount>(line_bytes_max, SIZE_MAX / 4)) + 2;
  const std::size_t limit = std::min(section_, line_limit);
  window_code_ = line_limit < section_ ? line_code : Code::head_too_large;
  window_is_limit_ = limit <= available_;
  end_ = begin_ + std::min(limit, available_);
}

/// The byte at next_ may not stand here: says why.
bool HeadReader::refuse_byte(Code otherwise) {
  switch (*next_) {
    case '\0':
      return refuse(Code::nul_byte);
    case '\n':
      return refuse(Code::bare_line_feed);
    case '\r':
      // Before the byte behind it is here, this may be a bare CR or a line that ended too early.
      if (next_ + 1 == end_) return out_of_window();
      return refuse(next_[1] == '\n' ? otherwise : Code::bare_carriage_return);
    default:
      return refuse(otherwise);
  }
}

bool HeadReader::expect(char wanted, Code otherwise) {
  if (next_ == end_) return out_of_window();
  if (*next_ != wanted) return refuse_byte(otherwise);
  ++next_;
  return true;
}

/// Passes over the CRLF that must stand here.
bool HeadReader::end_line(Code otherwise) {
  if (next_ == end_) return out_of_window();
  if (*next_ != '\r') return refuse_byte(otherwise);
  if (next_ + 1 == end_) return out_of_window();
  if (next_[1] != '\n') return refuse(Code::bare_carriage_return);
  next_ += 2;
  return true;
}

bool HeadReader::read_leading_line_end() {
  open_window(0, Code::malformed_request_line);
  if (next_ == end_) return out_of_window();
  return *next_ != '\r' || end_line(Code::malformed_request_line);
}

/// `HTTP/1.x`; every minor version above 1 is spoken to as 1.1 (RFC 9110 section 6.2).
bool HeadReader::read_version(Version& version, Code malformed) {
  for (const char wanted : std::string_view("HTTP/")) {
    if (!expect(wanted, malformed)) return false;
  }
  if (next_ == end_) return out_of_window();
  const char major = *next_;
  if (!text::is_digit(major)) return refuse_byte(malformed);
  ++next_;
  if (!expect('.', malformed)) return false;
  if (next_ == end_) return out_of_window();
  const char minor = *next_;
  if (!text::is_digit(minor)) return refuse_byte(malformed);
  ++next_;
  if (major != '1') return refuse(Code::unsupported_version);
  version = minor == '0' ? Version::http_1_0 : Version::http_1_1;
  return true;
}

bool HeadReader::read_request_line(RequestHead& request) {
  open_window(limits_.request_line_bytes, Code::target_too_long);
  char* const method = next_;
  while (next_ != end_ && token_lower_of(*next_) != 0) ++next_;
  request.method_text = {method, static_cast<std::size_t>(next_ - method)};
  if (request.method_text.size() > limits::method_bytes) return refuse(Code::method_too_long);
  if (next_ == method && next_ != end_ && *next_ == ' ') return refuse(Code::malformed_request_line);
  const bool ended_early = next_ != end_ && *next_ == '\r';
  if (!expect(' ', ended_early ? Code::malformed_request_line : Code::bad_method)) return false;

  char* const target = next_;
  next_ += find_invisible(next_, end_) - next_;
  request.target = {target, static_cast<std::size_t>(next_ - target)};
  if (next_ == end_) return out_of_window();
  if (*next_ != ' ') return refuse_byte(*next_ == '\r' ? Code::malformed_request_line : Code::bad_target);
  if (next_ == target) return refuse(Code::malformed_request_line);
  if (request.target.find('#') != std::string_view::npos) return refuse(Code::bad_target);
  ++next_;

  request.method = method_of(request.method_text);
  constexpr std::string_view usual = "HTTP/1.1\r\n";
  if (static_cast<std::size_t>(end_ - next_) >= usual.size() && std::memcmp(next_, usual.data(), usual.size()) == 0) {
    request.version = Version::http_1_1;
    next_ += usual.size();
    return true;
  }
  return read_version(request.version, Code::malformed_request_line) && end_line(Code::malformed_request_line);
}

bool HeadReader::read_status_line(ResponseHead& response) {
  open_window(limits_.request_line_bytes, Code::head_too_large);
  if (!read_version(response.version, Code::malformed_status_line)) return false;
  if (!expect(' ', Code::malformed_status_line)) return false;
  unsigned status = 0;
  for (int digit = 0; digit < 3; ++digit) {
    if (next_ == end_) return out_of_window();
    if (!text::is_digit(*next_)) return refuse_byte(Code::malformed_status_line);
    status = status * 10 + static_cast<unsigned>(*next_++ - '0');
  }
  if (status < 100 || status > 599) return refuse(Code::malformed_status_line);
  response.status = static_cast<Status>(status);
  // The phrase is optional and means nothing; the space before it is forgotten by enough servers to be forgiven.
  if (next_ != end_ && *next_ == ' ') next_ += find_control(next_, end_) - next_;
  return end_line(Code::malformed_status_line);
}

/// Why the byte at next_ ends a field name that is not followed by a colon.
bool HeadReader::refuse_name() {
  if (!is_blank(*next_)) return refuse_byte(Code::bad_field_name);
  while (next_ != end_ && is_blank(*next_)) ++next_;
  if (next_ == end_) return out_of_window();
  return *next_ == ':' ? refuse(Code::space_before_colon) : refuse_byte(Code::bad_field_name);
}

/// The name as it stands, not yet lowered, and its colon.
bool HeadReader::read_name(std::string_view& name) {
  char* const begin = next_;
  next_ += find_token_end(next_, end_) - next_;
  if (next_ == end_) [[unlikely]]
    return out_of_window();
  if (*next_ != ':') [[unlikely]]
    return refuse_name();
  if (next_ == begin) [[unlikely]]
    return refuse(Code::bad_field_name);
  name = {begin, static_cast<std::size_t>(next_ - begin)};
  ++next_;
  return true;
}

/// The value without the white space around it, and the CRLF behind it.
bool HeadReader::read_value(std::string_view& value) {
  if (next_ != end_ && *next_ == ' ') [[likely]]
    ++next_;
  while (next_ != end_ && is_blank(*next_)) [[unlikely]]
    ++next_;
  char* const begin = next_;
  next_ += find_control(next_, end_) - next_;
  const char* last = next_;
  while (last != begin && is_blank(last[-1])) --last;
  value = {begin, static_cast<std::size_t>(last - begin)};
  if (end_ - next_ >= 2 && next_[0] == '\r' && next_[1] == '\n') [[likely]] {
    next_ += 2;
    return true;
  }
  return end_line(Code::bad_field_value);
}

bool HeadReader::read_field_line(Fields& fields) {
  char* const begin = next_;
  Field field;
  if (!read_name(field.name) || !read_value(field.value)) return false;
  characters::lower_in_place(begin, begin + field.name.size(), end_);
  field.id = name_id(field.name);
  fields.append(field);
  return true;
}

bool HeadReader::read_field_lines(Fields& fields) {
  open_window(limits_.field_bytes, Code::field_too_large);
  while (true) {
    if (window_is_limit_) [[unlikely]]
      open_window(limits_.field_bytes, Code::field_too_large);
    if (next_ == end_) return out_of_window();
    if (*next_ == '\r') {
      complete_ = end_line(Code::bad_field_name);
      return complete_;
    }
    if (is_blank(*next_)) return refuse(Code::obs_fold);
    if (fields.size() >= limits_.fields) return refuse(Code::too_many_fields);
    if (!read_field_line(fields)) return false;
  }
}

/// Takes out what came behind the first `kept` lines.
void shorten(Fields& fields, std::size_t kept) {
  std::size_t at = 0;
  fields.remove_if([&](const Field&) { return at++ >= kept; });
}

void reset(RequestHead& request) {
  Fields fields = request.fields;
  request = RequestHead(fields.arena());
  shorten(fields, 0);
  request.fields = fields;  // keeps its room
}

void reset(ResponseHead& response) {
  Fields fields = response.fields;
  response = ResponseHead(fields.arena());
  shorten(fields, 0);
  response.fields = fields;
}

class Rebase {
 public:
  Rebase(std::span<const char> from, const char* to) : from_(from), to_(to) {}
  void operator()(std::string_view& view) const {
    if (view.data() >= from_.data() && view.data() <= from_.data() + from_.size()) view = moved(view);
  }
  /// As the parser made them: every name and value lies in `from`.
  void operator()(Fields& fields) const {
    for (Field& field : fields.lines()) {
      field.name = moved(field.name);
      field.value = moved(field.value);
    }
  }

 private:
  [[nodiscard]] std::string_view moved(std::string_view view) const {
    return {to_ + (view.data() - from_.data()), view.size()};
  }

  std::span<const char> from_;
  const char* to_;
};

}  // namespace

Result<HeadLength> parse_request_head(std::span<char> bytes, const Limits& limits, RequestHead& request) {
  reset(request);
  HeadReader reader(bytes, limits.head_bytes, limits);
  if (reader.read_leading_line_end() && reader.read_request_line(request)) reader.read_field_lines(request.fields);
  const Result<HeadLength> length = reader.outcome(Origin::client);
  if (length && *length == 0) reset(request);
  return length;
}

Result<HeadLength> parse_response_head(std::span<char> bytes, const Limits& limits, ResponseHead& response) {
  reset(response);
  HeadReader reader(bytes, limits.head_bytes, limits);
  if (reader.read_status_line(response)) reader.read_field_lines(response.fields);
  const Result<HeadLength> length = reader.outcome(Origin::upstream);
  if (length && *length == 0) reset(response);
  return length;
}

Result<std::size_t> parse_field_section(std::span<char> bytes, ByteCount section_bytes_max, const Limits& limits,
                                        Origin sender, Fields& fields) {
  const std::size_t before = fields.size();
  HeadReader reader(bytes, section_bytes_max, limits);
  reader.read_field_lines(fields);
  const Result<std::size_t> length = reader.outcome(sender);
  if (!length || *length == 0) shorten(fields, before);
  return length;
}

void rebase(RequestHead& request, std::span<const char> from, const char* to) {
  const Rebase move(from, to);
  for (std::string_view* view : {&request.method_text, &request.target, &request.authority, &request.host,
                                 &request.path, &request.query, &request.upgrade}) {
    move(*view);
  }
  move(request.fields);
}

void rebase(ResponseHead& response, std::span<const char> from, const char* to) {
  const Rebase move(from, to);
  move(response.upgrade);
  move(response.fields);
}

}  // namespace weir::h1
