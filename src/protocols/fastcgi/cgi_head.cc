// Reading cgi_head.h's head line by line.
#include "protocols/fastcgi/cgi_head.h"

#include <algorithm>
#include <optional>

#include "http/characters.h"

namespace weir::fastcgi {
namespace {

Failure refuse(Code code) {
  return fail(upstream_error(code));
}

/// What the fields with a meaning said.
struct Notes {
  std::optional<Status> status;
  std::optional<ByteCount> length;
  std::string_view length_text;
  bool location = false;
};

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

Code complaint_about_name(std::string_view behind) {
  const std::size_t at = std::min(behind.find_first_not_of(" \t"), behind.size());
  if (behind.starts_with('\0')) return Code::nul_byte;
  return at > 0 && behind.substr(at).starts_with(':') ? Code::space_before_colon : Code::bad_field_name;
}

Code complaint_about_value(char control) {
  if (control == '\0') return Code::nul_byte;
  return control == '\r' ? Code::bare_carriage_return : Code::bad_field_value;
}

/// \param line  without its end
Result<Field> read_line(std::span<char> line) {
  char* const begin = line.data();
  char* const end = begin + line.size();
  if (is_blank(*begin)) return refuse(Code::obs_fold);
  const auto name_bytes = static_cast<std::size_t>(characters::find_token_end(begin, end) - begin);
  const std::string_view behind(begin + name_bytes, line.size() - name_bytes);
  if (name_bytes == 0 || !behind.starts_with(':')) return refuse(complaint_about_name(behind));
  const std::string_view value = text::trim(behind.substr(1));
  const char* const value_end = value.data() + value.size();
  const char* const control = characters::find_control(value.data(), value_end);
  if (control != value_end) return refuse(complaint_about_value(*control));
  characters::lower_in_place(begin, begin + name_bytes, end);
  const std::string_view name(begin, name_bytes);
  return Field{.name = name, .value = value, .id = name_id(name)};
}

/// `404` or `404 Not Found`.
Result<void> note_status(std::string_view value, Notes& notes) {
  const std::string_view digits = value.substr(0, value.find(' '));
  const std::optional<std::uint64_t> number = text::parse_decimal(digits);
  const bool good = digits.size() == 3 && number && *number >= 200 && *number <= 599;
  if (notes.status || !good) return refuse(Code::malformed_status_line);
  notes.status = static_cast<Status>(*number);
  return {};
}

Result<void> note_length(std::string_view value, Notes& notes) {
  if (notes.length || value.contains(',')) return refuse(Code::repeated_length);
  notes.length = text::parse_decimal(value);
  if (!notes.length) return refuse(Code::bad_length);
  notes.length_text = value;
  return {};
}

Result<void> take(const Field& field, Notes& notes, Fields& fields) {
  switch (field.id) {
    case FieldName::content_length:
      return note_length(field.value, notes);
    case FieldName::transfer_encoding:
      return refuse(Code::unsupported_transfer_coding);
    case FieldName::connection:
    case FieldName::keep_alive:
    case FieldName::proxy_authenticate:
    case FieldName::proxy_connection:
    case FieldName::te:
    case FieldName::trailer:
    case FieldName::upgrade:
      return {};
    case FieldName::location:
      notes.location = true;
      break;
    default:
      if (field.name == "status") return note_status(field.value, notes);
  }
  fields.append(field);
  return {};
}

void give_meaning(const Notes& notes, Method method, ResponseHead& head) {
  head.status = notes.status.value_or(notes.location ? Status{302} : Status{200});
  head.keep_alive = true;
  if (method == Method::head || has_no_content(head.status)) {
    // There it frames nothing and tells what GET would have got.
    if (notes.length && head.status != 204) head.fields.append(FieldName::content_length, notes.length_text);
    head.framing = {};
    return;
  }
  head.framing = {.kind = notes.length ? Framing::Kind::length : Framing::Kind::chunked,
                  .length = notes.length.value_or(0)};
}

}  // namespace

std::size_t find_head_end(std::string_view text, std::size_t looked_at) {
  // An empty line may have begun up to two bytes before what is new.
  for (std::size_t at = text.find('\n', looked_at > 2 ? looked_at - 2 : 0); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    const std::string_view behind = text.substr(at + 1);
    if (at == 0 || (at == 1 && text[0] == '\r')) return at + 1;
    if (behind.starts_with('\n')) return at + 2;
    if (behind.starts_with("\r\n")) return at + 3;
  }
  return 0;
}

Result<void> parse_cgi_head(std::span<char> text, Method method, const Limits& limits, ResponseHead& head) {
  Notes notes;
  std::size_t lines = 0;
  while (!text.empty()) {
    const std::string_view rest(text.data(), text.size());
    const std::size_t line_feed = std::min(rest.find('\n'), rest.size());
    std::span<char> line = text.first(line_feed);
    text = text.subspan(std::min(line_feed + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line = line.first(line.size() - 1);
    if (line.empty()) break;
    if (line.size() > limits.field_bytes) return refuse(Code::field_too_large);
    if (++lines > limits.fields) return refuse(Code::too_many_fields);
    TRY(const Field field, read_line(line));
    TRY_VOID(take(field, notes, head.fields));
  }
  if (lines == 0) return refuse(Code::missing_response_head);
  give_meaning(notes, method, head);
  return {};
}

}  // namespace weir::fastcgi
