// The other half of head_parser.h: what a parsed head means.
//
// Idea: one pass over the fields sorts them by their number: framing and hop-by-hop fields are noted and taken out, the
// others stay. What was noted is then judged: framing (RFC 9112 section 6), persistence (section 9.3), target
// (section 3.2).
//
// Three choices that RFCs leave open
//   - Host is taken out too: from here on `authority` is the only thing that says for whom a request is.
//   - A Connection option may take out only fields Weir has no opinion on. Known end-to-end fields (host, cookie,
//     x-forwarded-for ...) stay whatever it says: naming them is how a client strips what a proxy before us added.
//   - Content-Length of an answer to HEAD and of a 304 frames nothing and stays among the fields, checked.
#include <algorithm>

#include "base/text.h"
#include "http/characters.h"
#include "http/host.h"
#include "http/target.h"
#include "protocols/h1/head_parser.h"

namespace weir::h1 {
namespace {

using text::equal_ignoring_case;

/// Connection options beyond this are nobody's needs but an attacker's, who makes us compare them with every field.
constexpr unsigned connection_options_max = 32;

/// What the hop-by-hop and framing fields of a head said.
struct Notes {
  bool close = false;
  bool keep_alive = false;
  bool upgrade_option = false;  ///< Connection: upgrade
  bool names_fields = false;    ///< Connection has options that name fields
  bool has_coding = false;
  bool coding_is_chunked = false;
  bool coding_ends_chunked = false;
  bool coded_behind_chunked = false;
  bool has_length = false;
  bool trailers = false;  ///< TE: trailers
  unsigned hosts = 0;
  unsigned options = 0;
  unsigned expectations = 0;
  ByteCount length = 0;
  std::string_view host;
  std::string_view upgrade;
  std::string_view expectation;
  bool refused = false;
  Code code = Code::internal;

  void refuse(Code why) {
    if (!refused) code = why;
    refused = true;
  }
};

void note_connection(std::string_view value, Notes& notes) {
  text::for_each_member(value, [&](std::string_view option) {
    if (equal_ignoring_case(option, "keep-alive"))
      notes.keep_alive = true;
    else if (equal_ignoring_case(option, "close"))
      notes.close = true;
    else if (equal_ignoring_case(option, "upgrade"))
      notes.upgrade_option = true;
    else if (!equal_ignoring_case(option, "te"))
      notes.names_fields = true;
    ++notes.options;
  });
  if (notes.options > connection_options_max) notes.refuse(Code::bad_field_value);
}

void note_length(std::string_view value, Notes& notes) {
  if (notes.has_length || value.find(',') != std::string_view::npos) return notes.refuse(Code::repeated_length);
  notes.has_length = true;
  const std::optional<std::uint64_t> length = text::parse_decimal(value);
  if (!length) return notes.refuse(Code::bad_length);
  notes.length = *length;
}

// Only exactly `chunked` is read. What ends in chunked behind other codings could be read by somebody who knows those
// (501); without chunked as its one and last coding nobody can tell where the body ends (400, RFC 9112 section 6.3).
void note_coding(std::string_view value, Notes& notes) {
  const bool first_line = !notes.has_coding;
  notes.has_coding = true;
  notes.coding_is_chunked = first_line && equal_ignoring_case(value, "chunked");
  text::for_each_member(value, [&](std::string_view coding) {
    if (notes.coding_ends_chunked) notes.coded_behind_chunked = true;
    notes.coding_ends_chunked = equal_ignoring_case(coding, "chunked");
  });
}

void note_upgrade(std::string_view value, Notes& notes) {
  if (!notes.upgrade.empty()) return;
  // Of several protocols the first is the one preferred (RFC 9110 section 7.8); offering fewer is always allowed.
  text::for_each_member(value, [&](std::string_view protocol) {
    if (notes.upgrade.empty()) notes.upgrade = protocol;
  });
}

/// Notes a field that ends here. \returns false for the fields that go on
bool note(const Field& field, Notes& notes) {
  switch (field.id) {
    case FieldName::connection:
      note_connection(field.value, notes);
      return true;
    case FieldName::content_length:
      note_length(field.value, notes);
      return true;
    case FieldName::transfer_encoding:
      note_coding(field.value, notes);
      return true;
    case FieldName::upgrade:
      note_upgrade(field.value, notes);
      return true;
    case FieldName::te:
      text::for_each_member(field.value, [&](std::string_view coding) {
        if (equal_ignoring_case(coding, "trailers")) notes.trailers = true;
      });
      return true;
    case FieldName::keep_alive:
    case FieldName::proxy_connection:
    case FieldName::proxy_authenticate:   // credentials and challenges between neighbours: Weir is neither's
    case FieldName::proxy_authorization:  // proxy, so they end here
      return true;
    default:
      return false;
  }
}

bool note_of_request(const Field& field, Notes& notes) {
  switch (field.id) {
    case FieldName::other:
      return false;
    case FieldName::host:
      notes.host = field.value;
      ++notes.hosts;
      return true;
    case FieldName::expect:
      notes.expectation = field.value;
      if (++notes.expectations > 1) notes.refuse(Code::unsupported_expectation);
      return true;
    default:
      return note(field, notes);
  }
}

bool connection_names(const Fields& before, std::string_view name) {
  bool named = false;
  for (const Field& field : before) {
    if (field.id != FieldName::connection || named) continue;
    text::for_each_member(field.value,
                          [&](std::string_view option) { named = named || equal_ignoring_case(option, name); });
  }
  return named;
}

/// Notes every field and keeps those that `note_field` lets go on.
template <typename NoteField>
void sort_fields(Fields& fields, Notes& notes, NoteField note_field) {
  // Connection itself waits until what it names is gone.
  fields.remove_if([&](const Field& field) {
    const bool ends_here = note_field(field, notes);
    return ends_here && field.id != FieldName::connection;
  });
  if (notes.options == 0 && !fields.has(FieldName::connection)) return;
  if (notes.names_fields && !notes.refused) {
    // While lines move up, every Connection line is still in one place or both.
    fields.remove_if(
        [&](const Field& field) { return field.id == FieldName::other && connection_names(fields, field.name); });
  }
  fields.remove(FieldName::connection);
}

bool keeps_alive(Version version, const Notes& notes) {
  if (notes.close) return false;
  return version != Version::http_1_0 || notes.keep_alive;
}

/// What both kinds of message have in common about their length.
/// \param otherwise  when the head says nothing
Result<Framing> framing_of(const Notes& notes, Version version, Origin sender, Framing::Kind otherwise) {
  if (notes.has_coding) {
    if (notes.has_length) return fail(Code::conflicting_length, sender);
    if (version == Version::http_1_0) return fail(Code::transfer_coding_in_http10, sender);
    if (!notes.coding_ends_chunked || notes.coded_behind_chunked) return fail(Code::chunked_not_last, sender);
    if (!notes.coding_is_chunked) return fail(Code::unsupported_transfer_coding, sender);
    return Framing{.kind = Framing::Kind::chunked};
  }
  if (notes.has_length) return Framing{.kind = Framing::Kind::length, .length = notes.length};
  return Framing{.kind = otherwise};
}

/// `name` or `name/version`, lower case; empty when it is neither (RFC 9110 section 7.8).
std::string_view protocol_of(std::string_view text, Arena& arena) {
  const std::size_t slash = text.find('/');
  const bool good = characters::is_token(text.substr(0, slash)) &&
                    (slash == std::string_view::npos || characters::is_token(text.substr(slash + 1)));
  if (!good) return {};
  const std::span<char> lowered = arena.make_array<char>(text.size());
  std::ranges::transform(text, lowered.begin(), text::lower);
  return {lowered.data(), lowered.size()};
}

void set_authority(RequestHead& request, const Authority& authority) {
  request.authority = authority.text;
  request.host = authority.host;
}

Result<void> read_absolute_target(RequestHead& request, Arena& arena) {
  const std::size_t scheme_end = request.target.find("://");
  const std::string_view scheme = request.target.substr(0, scheme_end);
  const bool known = equal_ignoring_case(scheme, "http") || equal_ignoring_case(scheme, "https");
  if (scheme_end == std::string_view::npos || !known) return fail(client_error(Code::bad_target));
  const std::string_view rest = request.target.substr(scheme_end + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  TRY(const Authority authority, parse_authority(rest.substr(0, authority_end), arena));
  set_authority(request, authority);
  request.target_form = TargetForm::absolute;
  return read_path_and_query(request, rest.substr(authority_end), arena);
}

Result<void> read_connect_target(RequestHead& request, Arena& arena) {
  const Result<Authority> authority = parse_authority(request.target, arena);
  if (!authority || !authority->port) return fail(client_error(Code::bad_target));
  set_authority(request, *authority);
  request.target_form = TargetForm::authority;
  return {};
}

Result<void> read_target(RequestHead& request, Arena& arena) {
  if (request.method == Method::connect) return read_connect_target(request, arena);
  if (request.target.starts_with('/')) {
    request.target_form = TargetForm::origin;
    return read_path_and_query(request, request.target, arena);
  }
  if (request.target == "*") {
    if (request.method != Method::options) return fail(client_error(Code::bad_target));
    request.target_form = TargetForm::asterisk;
    request.path = "*";
    return {};
  }
  return read_absolute_target(request, arena);
}

/// Host must be right even where an absolute target overrides it (RFC 9112 section 3.2.2).
Result<void> read_host(RequestHead& request, const Notes& notes, Arena& arena) {
  if (notes.hosts > 1) return fail(client_error(Code::repeated_host));
  if (notes.hosts == 1) {
    TRY(const Authority authority, parse_authority(notes.host, arena));
    set_authority(request, authority);
  } else if (request.version != Version::http_1_0) {
    return fail(client_error(Code::missing_host));
  }
  return {};
}

Result<void> read_request_framing(RequestHead& request, const Notes& notes, const Limits& limits) {
  TRY(request.framing, framing_of(notes, request.version, Origin::client, Framing::Kind::none));
  if (request.framing.length > limits.body_bytes) return fail(client_error(Code::body_too_large));
  if (request.method == Method::connect) {
    // What follows a CONNECT belongs to the tunnel; a body before it would have two readings (RFC 9110 section 9.3.6).
    if (notes.has_coding) return fail(client_error(Code::unsupported_transfer_coding, "CONNECT has no body"));
    if (notes.length != 0) return fail(client_error(Code::bad_length, "CONNECT has no body"));
    request.framing = {};
  }
  return {};
}

bool has_body(const Framing& framing) {
  return framing.kind == Framing::Kind::chunked || (framing.kind == Framing::Kind::length && framing.length != 0);
}

}  // namespace

Result<void> interpret(RequestHead& request, const Limits& limits, Arena& arena) {
  Notes notes;
  sort_fields(request.fields, notes, note_of_request);
  if (notes.refused) return fail(client_error(notes.code));
  TRY_VOID(read_request_framing(request, notes, limits));
  TRY_VOID(read_host(request, notes, arena));
  TRY_VOID(read_target(request, arena));
  request.keep_alive = keeps_alive(request.version, notes);
  request.accepts_trailers = notes.trailers;
  if (request.version == Version::http_1_0) return {};  // knows neither expectations nor upgrades
  if (notes.expectations != 0) {
    if (!equal_ignoring_case(notes.expectation, "100-continue"))
      return fail(client_error(Code::unsupported_expectation));
    request.expects_continue = has_body(request.framing);
  }
  if (notes.upgrade_option && !notes.upgrade.empty() && !has_body(request.framing)) {
    request.upgrade = protocol_of(notes.upgrade, arena);
  }
  return {};
}

Result<void> interpret(ResponseHead& response, Method method, Arena& arena) {
  Notes notes;
  const bool never_coded = is_interim(response.status) || response.status == 204;  // RFC 9112 section 6.1
  const bool length_is_only_told = !never_coded && (method == Method::head || response.status == 304);
  sort_fields(response.fields, notes, [&](const Field& field, Notes& into) {
    const bool ends_here = note(field, into);
    return ends_here && !(length_is_only_told && field.id == FieldName::content_length);
  });
  if (notes.refused) return fail(notes.code, Origin::upstream);
  response.keep_alive = keeps_alive(response.version, notes);
  TRY(response.framing, framing_of(notes, response.version, Origin::upstream, Framing::Kind::until_close));

  if (notes.has_coding && never_coded) return fail(Code::unsupported_transfer_coding, Origin::upstream);
  const bool opens_tunnel = method == Method::connect && response.status / 100 == 2;
  if (has_no_content(response.status) || method == Method::head || opens_tunnel) response.framing = {};
  if (response.framing.kind == Framing::Kind::until_close) response.keep_alive = false;
  if (response.status == 101) {
    response.upgrade = notes.upgrade_option ? protocol_of(notes.upgrade, arena) : std::string_view();
    if (response.upgrade.empty()) return fail(Code::bad_upgrade, Origin::upstream);
  }
  // Who answers so has to say what to switch to (RFC 9110 section 15.5.22), on each hop anew.
  if (response.status == 426) response.upgrade = protocol_of(notes.upgrade, arena);
  return {};
}

}  // namespace weir::h1
