// The rules of field_section.h, in the order in which a line meets them.
#include "protocols/h2/field_section.h"

#include <algorithm>

#include "base/text.h"
#include "http/characters.h"
#include "http/host.h"
#include "http/target.h"
#include "http/trailers.h"

namespace weir::h2 {
namespace {

using text::equal_ignoring_case;

/// What a line weighs beyond its letters (RFC 9113 section 6.5.2: as SETTINGS_MAX_HEADER_LIST_SIZE counts).
constexpr std::size_t line_overhead = 32;

constexpr unsigned bit(unsigned which) {
  return 1U << which;
}

/// A token without capital letters (RFC 9113 section 8.2.1).
bool is_field_name(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return characters::token_lower_of(c) == c && c != 0; });
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_field_value(std::string_view value) {
  if (value.empty()) return true;
  if (is_blank(value.front()) || is_blank(value.back())) return false;
  const char* const end = value.data() + value.size();
  return characters::find_control(value.data(), end) == end;
}

bool is_visible_text(std::string_view value) {
  const char* const end = value.data() + value.size();
  return characters::find_invisible(value.data(), end) == end;
}

}  // namespace

FieldSection::FieldSection(SectionKind kind, Origin sender, const Limits& limits, Fields& fields)
    : kind_(kind),
      sender_(sender),
      limits_(limits),
      fields_(fields),
      bytes_max_(kind == SectionKind::trailers ? limits.trailer_bytes : limits.head_bytes + limits.request_line_bytes) {
}

Failure FieldSection::refuse(Code code, bool malformed) {
  if (!refused_) {
    code_ = code;
    malformed_ = malformed;
  }
  refused_ = true;
  return fail(code_, sender_);
}

bool FieldSection::add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + line_overhead;
  ++lines_;
  if (bytes_ > bytes_max_) {
    refuse(Code::head_too_large, false);
    return bytes_ <= bytes_max_ * limits::h2_head_excess;
  }
  if (refused_) return true;
  if (name.starts_with(':')) {
    read_pseudo(name, value);
  } else {
    read_field(name, value);
  }
  return true;
}

void FieldSection::read_pseudo(std::string_view name, std::string_view value) {
  static constexpr std::array<std::string_view, pseudo_count> names{":method",    ":scheme",   ":path",
                                                                    ":authority", ":protocol", ":status"};
  const auto found = std::ranges::find(names, name);
  const auto which = static_cast<unsigned>(found - names.begin());
  const bool of_response = which == status;
  const bool known =
      found != names.end() && kind_ != SectionKind::trailers && of_response == (kind_ == SectionKind::response);
  if (!known || fields_began_ || (seen_ & bit(which)) != 0) {
    refuse(Code::bad_pseudo_field, true);
    return;
  }
  if (which == path && value.size() > limits_.request_line_bytes) {
    refuse(Code::target_too_long, false);
    return;
  }
  seen_ |= bit(which);
  pseudo_[which] = fields_.arena().copy(value);
}

void FieldSection::read_field(std::string_view name, std::string_view value) {
  fields_began_ = true;
  if (!is_field_name(name)) {
    refuse(Code::bad_field_name, true);
    return;
  }
  if (!is_field_value(value)) {
    refuse(Code::bad_field_value, true);
    return;
  }
  if (name.size() + value.size() > limits_.field_bytes) {
    refuse(Code::field_too_large, false);
    return;
  }
  if (lines_ > limits_.fields + pseudo_count) {
    refuse(Code::too_many_fields, false);
    return;
  }
  Field field{.name = {}, .value = {}, .id = name_id(name)};
  field.name = field.id == FieldName::other ? fields_.arena().copy(name) : text_of(field.id);
  field.value = fields_.arena().copy(value);
  if (kind_ == SectionKind::trailers) {
    if (!may_trail(field)) {
      refuse(Code::bad_trailer, true);
      return;
    }
  } else if (note(field)) {
    return;
  }
  fields_.append(field);
}

/// Notes a field that ends here. \returns  false for the fields that go on
bool FieldSection::note(const Field& field) {
  switch (field.id) {
    case FieldName::connection:
    case FieldName::keep_alive:
    case FieldName::proxy_connection:
    case FieldName::transfer_encoding:
    case FieldName::upgrade:
      refuse(Code::connection_field, true);
      return true;
    case FieldName::te:
      // The one word that says something end to end (RFC 9113 section 8.2.2).
      if (kind_ == SectionKind::response || !equal_ignoring_case(field.value, "trailers")) {
        refuse(Code::connection_field, true);
      }
      trailers_ = true;
      return true;
    case FieldName::content_length:
      note_length(field.value);
      return true;
    case FieldName::proxy_authenticate:  // between neighbours, as in HTTP/1
    case FieldName::proxy_authorization:
      return true;
    case FieldName::host:
      if (kind_ != SectionKind::request) return false;
      host_ = field.value;
      if (++hosts_ > 1) refuse(Code::repeated_host, true);
      return true;
    case FieldName::expect:
      if (kind_ != SectionKind::request) return false;
      expectation_ = field.value;
      if (++expectations_ > 1) refuse(Code::unsupported_expectation, false);
      return true;
    case FieldName::cookie:
      ++cookies_;
      return false;
    default:
      return false;
  }
}

void FieldSection::note_length(std::string_view value) {
  const std::optional<std::uint64_t> length = text::parse_decimal(value);
  if (has_length_) {
    refuse(Code::repeated_length, true);
  } else if (!length) {
    refuse(Code::bad_length, true);
  } else {
    has_length_ = true;
    length_ = *length;
  }
}

// A cookie may come in crumbs, for the sake of compression, and goes on as one (RFC 9113 section 8.2.3).
void FieldSection::join_cookies() {
  constexpr std::string_view between = "; ";
  std::size_t bytes = 0;
  for (const Field& field : fields_) {
    if (field.id == FieldName::cookie) bytes += field.value.size() + between.size();
  }
  const std::span<char> whole = fields_.arena().make_array<char>(bytes);
  char* place = whole.data();
  for (const Field& field : fields_) {
    if (field.id != FieldName::cookie) continue;
    place = std::ranges::copy(field.value, place).out;
    place = std::ranges::copy(between, place).out;
  }
  fields_.set(FieldName::cookie, {whole.data(), bytes - between.size()});
}

Result<void> FieldSection::finish_request(RequestHead& request, bool end_of_stream, bool extended_connect) {
  request.version = Version::http_2;
  request.method_text = pseudo_[method];
  request.method = method_of(request.method_text);
  request.target = has(path) ? pseudo_[path] : pseudo_[authority];
  if (refused_) return fail(code_, sender_);
  if (request.method_text.size() > limits::method_bytes) return refuse(Code::method_too_long, false);
  if (!characters::is_token(request.method_text)) return refuse(Code::bad_pseudo_field, true);
  if (cookies_ > 1) join_cookies();
  TRY_VOID(read_framing(request, end_of_stream));
  TRY_VOID(read_authority(request));
  TRY_VOID(read_target(request, extended_connect));
  request.accepts_trailers = trailers_;
  if (expectations_ != 0) {
    if (!equal_ignoring_case(expectation_, "100-continue")) return refuse(Code::unsupported_expectation, false);
    request.expects_continue = !end_of_stream && request.framing.kind != Framing::Kind::none;
  }
  return {};
}

// With frames there is always an end that can be told; a length only has to be true (RFC 9113 section 8.1.1).
Result<void> FieldSection::read_framing(RequestHead& request, bool end_of_stream) {
  if (end_of_stream) {
    if (length_ != 0) return refuse(Code::bad_length, true);
    request.framing = has_length_ ? Framing{.kind = Framing::Kind::length} : Framing{};
  } else if (has_length_) {
    request.framing = {.kind = Framing::Kind::length, .length = length_};
  } else {
    request.framing = {.kind = Framing::Kind::chunked};
  }
  if (request.framing.length > limits_.body_bytes) return refuse(Code::body_too_large, false);
  return {};
}

// Host may stand beside :authority, or, from a gateway that translates, alone; never against it.
Result<void> FieldSection::read_authority(RequestHead& request) {
  Arena& arena = fields_.arena();
  if (!has(authority) && hosts_ == 0) return refuse(Code::missing_host, false);
  const std::string_view first = has(authority) ? pseudo_[authority] : host_;
  const Result<Authority> asked = parse_authority(first, arena);
  if (!asked) return refuse(Code::bad_host, false);
  if (has(authority) && hosts_ != 0) {
    const Result<Authority> host = parse_authority(host_, arena);
    if (!host || host->text != asked->text) return refuse(Code::conflicting_authority, true);
  }
  request.authority = asked->text;
  request.host = asked->host;
  return {};
}

Result<void> FieldSection::read_target(RequestHead& request, bool extended_connect) {
  constexpr unsigned usual = bit(method) | bit(scheme) | bit(path);
  if (request.method == Method::connect && !has(protocol)) {
    // What it names is the other end of a tunnel (RFC 9113 section 8.5): authority with a port, and nothing else.
    if (!has_only(bit(method) | bit(authority), bit(method) | bit(authority))) {
      return refuse(Code::bad_pseudo_field, true);
    }
    request.target_form = TargetForm::authority;
    request.framing = {};  // what follows belongs to the tunnel
    return {};
  }
  if (!has_only(usual, usual | bit(authority) | bit(protocol))) return refuse(Code::bad_pseudo_field, true);
  if (has(protocol)) {
    const bool may = request.method == Method::connect && extended_connect && has(authority);
    if (!may || !characters::is_token(pseudo_[protocol])) return refuse(Code::bad_pseudo_field, true);
    ask_for_switch(request);
  }
  const std::string_view asked_scheme = pseudo_[scheme];
  if (!equal_ignoring_case(asked_scheme, "http") && !equal_ignoring_case(asked_scheme, "https")) {
    return refuse(Code::bad_pseudo_field, true);
  }
  const std::string_view target = pseudo_[path];
  if (!is_visible_text(target) || target.find('#') != std::string_view::npos) return refuse(Code::bad_target, true);
  if (target == "*" && request.method == Method::options) {
    request.target_form = TargetForm::asterisk;
    request.path = "*";
    return {};
  }
  if (!target.starts_with('/')) return refuse(Code::bad_target, true);
  request.target_form = TargetForm::origin;
  if (const Result<void> read = read_path_and_query(request, target, fields_.arena()); !read) {
    return refuse(read.error().code, false);
  }
  return {};
}

// A tunnel through this stream (RFC 8441): to everybody behind, a GET that asks for a switch, as it is in HTTP/1. What
// follows on the stream belongs to the tunnel.
void FieldSection::ask_for_switch(RequestHead& request) {
  const std::string_view wanted = pseudo_[protocol];
  const std::span<char> lowered = fields_.arena().make_array<char>(wanted.size());
  std::ranges::transform(wanted, lowered.begin(), text::lower);
  request.upgrade = {lowered.data(), lowered.size()};
  request.method = Method::get;
  request.method_text = "GET";
  request.framing = {};
}

Result<void> FieldSection::finish_response(ResponseHead& response, Method asked_with, bool end_of_stream) {
  response.version = Version::http_2;
  if (refused_) return fail(code_, sender_);
  const std::optional<std::uint64_t> number = text::parse_decimal(pseudo_[status]);
  if (!has(status) || pseudo_[status].size() != 3 || !number || *number < 100 || *number > 599) {
    return refuse(Code::malformed_status_line, true);
  }
  response.status = static_cast<Status>(*number);
  // There is no switching of protocols in HTTP/2 (RFC 9113 section 8.6).
  if (response.status == 101) return refuse(Code::bad_upgrade, true);
  if (is_interim(response.status))
    return end_of_stream ? Result<void>(refuse(Code::bad_pseudo_field, true)) : Result<void>{};
  const bool without_content = asked_with == Method::head || has_no_content(response.status);
  if (without_content) {
    response.framing = {};
    if (has_length_ && response.status != 204) {
      fields_.append(FieldName::content_length, fields_.arena().copy(std::to_string(length_)));
    }
    return {};
  }
  if (end_of_stream) {
    if (length_ != 0) return refuse(Code::bad_length, true);
    response.framing = {.kind = Framing::Kind::length, .length = 0};
  } else if (has_length_) {
    response.framing = {.kind = Framing::Kind::length, .length = length_};
  } else {
    response.framing = {.kind = Framing::Kind::chunked};
  }
  return {};
}

Result<void> FieldSection::finish_trailers() {
  if (!refused_) return {};
  if (code_ == Code::head_too_large || code_ == Code::field_too_large || code_ == Code::too_many_fields) {
    return fail(Code::trailer_too_large, sender_);
  }
  return fail(Code::bad_trailer, sender_);
}

}  // namespace weir::h2
