// One list, in the order of RFC 3875, then the fields, then what the configuration says.
#include "services/fastcgi/variables.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace weir {
namespace {

std::string_view decimal(std::uint64_t number, Arena& arena) {
  std::array<char, 20> digits;  // of 2^64 - 1
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return arena.copy({digits.data(), static_cast<std::size_t>(written.ptr - digits.data())});
}

class VariableList {
 public:
  VariableList(std::size_t most, std::span<const ConfiguredVariable> configured, Arena& arena)
      : room_(arena.make_array<CgiVariable>(most + configured.size())), configured_(configured) {}

  void add(std::string_view name, std::string_view value) {
    const auto same = [&](const ConfiguredVariable& variable) { return variable.name == name; };
    if (std::ranges::none_of(configured_, same)) room_[size_++] = {name, value};
  }
  void add_unless_empty(std::string_view name, std::string_view value) {
    if (!value.empty()) add(name, value);
  }
  std::span<const CgiVariable> finish() {
    for (const ConfiguredVariable& variable : configured_) room_[size_++] = {variable.name, variable.value};
    return room_.first(size_);
  }

 private:
  std::span<CgiVariable> room_;
  std::span<const ConfiguredVariable> configured_;
  std::size_t size_ = 0;
};

/// More than add_request() and its neighbours add; the fields come on top.
constexpr std::size_t variables_beside_fields = 32;

std::string_view first_member(std::string_view list) {
  return text::trim(list.substr(0, list.find(',')));
}

/// What the first hop was asked with: a trusted proxy has said so, or else it was us (http/forwarded.h).
std::string_view scheme_of(const CgiFacts& facts) {
  const std::string_view told = first_member(facts.head.fields.get(FieldName::x_forwarded_proto));
  if (text::equal_ignoring_case(told, "https")) return "https";
  return text::equal_ignoring_case(told, "http") ? std::string_view("http") : facts.scheme;
}

std::string_view port_of(const CgiFacts& facts, Arena& arena) {
  const std::string_view told = first_member(facts.head.fields.get(FieldName::x_forwarded_port));
  if (const auto number = text::parse_decimal(told); number && *number > 0 && *number <= 65'535) return told;
  return facts.port == 0 ? std::string_view() : decimal(facts.port, arena);
}

void add_request(const CgiFacts& facts, VariableList& list, Arena& arena) {
  const RequestHead& head = facts.head;
  list.add("REQUEST_METHOD", head.method_text);
  list.add("REQUEST_URI", head.has_query ? arena.join(head.path, "?", head.query) : head.path);
  list.add("QUERY_STRING", head.query);
  list.add("SERVER_PROTOCOL", arena.join("HTTP/", name_of(head.version)));
  list.add("GATEWAY_INTERFACE", "CGI/1.1");
  list.add("SERVER_SOFTWARE", "weir");
  if (facts.content_length) list.add("CONTENT_LENGTH", decimal(*facts.content_length, arena));
  list.add_unless_empty("CONTENT_TYPE", head.fields.get(FieldName::content_type));
}

void add_server_and_client(const CgiFacts& facts, VariableList& list, Arena& arena) {
  const std::string_view scheme = scheme_of(facts);
  list.add("SERVER_NAME", facts.head.host);
  list.add_unless_empty("SERVER_PORT", port_of(facts, arena));
  list.add("REQUEST_SCHEME", scheme);
  if (scheme == "https") list.add("HTTPS", "on");
  const ClientAddress& client = facts.client;
  const bool is_peer = client.address == client.peer;
  if (!client.over_unix) list.add("SERVER_ADDR", arena.copy(facts.address.text()));
  if (client.over_unix && is_peer) return;  // nobody has an address there
  list.add("REMOTE_ADDR", arena.copy(client.address.text()));
  if (is_peer) list.add("REMOTE_PORT", decimal(client.peer_port, arena));
}

void add_script(const CgiFacts& facts, VariableList& list, Arena& arena) {
  list.add("SCRIPT_NAME", facts.script);
  list.add_unless_empty("PATH_INFO", facts.path_info);
  list.add("DOCUMENT_URI", arena.join(facts.script, facts.path_info));
  if (facts.root.empty()) return;
  list.add("DOCUMENT_ROOT", facts.root);
  list.add("SCRIPT_FILENAME", arena.join(facts.root, facts.script));
  if (!facts.path_info.empty()) list.add("PATH_TRANSLATED", arena.join(facts.root, facts.path_info));
  list.add("REDIRECT_STATUS", "200");  // PHP built with force-cgi-redirect runs nothing without it
}

/// By the filter `basic_auth`: nobody else says who a client is.
void add_user(const CgiFacts& facts, VariableList& list) {
  if (facts.user.empty()) return;
  list.add("AUTH_TYPE", "Basic");
  list.add("REMOTE_USER", facts.user);
}

/// The values of all lines of that name, behind each other.
std::string_view joined(const Fields& fields, const Field& first, Arena& arena) {
  const std::string_view separator = first.id == FieldName::cookie ? "; " : ", ";
  std::string_view value = first.value;
  for (const Field* field = &first + 1; field != fields.end(); ++field) {
    if (field->id == first.id && field->name == first.name) value = arena.join(value, separator, field->value);
  }
  return value;
}

bool stood_before(const Fields& fields, const Field& field) {
  return std::any_of(fields.begin(), &field,
                     [&](const Field& earlier) { return earlier.id == field.id && earlier.name == field.name; });
}

void add_fields(const CgiFacts& facts, VariableList& list, Arena& arena) {
  list.add_unless_empty("HTTP_HOST", facts.head.authority);
  for (const Field& field : facts.head.fields) {
    if (stood_before(facts.head.fields, field)) continue;
    const std::string_view name = variable_name(field.name, arena);
    if (!name.empty()) list.add(name, joined(facts.head.fields, field, arena));
  }
}

}  // namespace

std::string_view variable_name(std::string_view field_name, Arena& arena) {
  // Content-Type has its own variable; whether to go on with the content is between us and the client.
  if (field_name == "proxy" || field_name == "content-type" || field_name == "expect") return {};
  constexpr std::string_view prefix = "HTTP_";
  const std::span<char> name = arena.make_array<char>(prefix.size() + field_name.size());
  std::ranges::copy(prefix, name.begin());
  for (std::size_t at = 0; at < field_name.size(); ++at) {
    const char c = field_name[at];
    const bool letter = c >= 'a' && c <= 'z';
    if (!letter && !text::is_digit(c) && c != '-') return {};
    name[prefix.size() + at] = c == '-' ? '_' : letter ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return {name.data(), name.size()};
}

std::span<const CgiVariable> cgi_variables(const CgiFacts& facts, Arena& arena) {
  VariableList list(variables_beside_fields + facts.head.fields.size(), facts.configured, arena);
  add_request(facts, list, arena);
  add_server_and_client(facts, list, arena);
  add_user(facts, list);
  add_script(facts, list, arena);
  add_fields(facts, list, arena);
  return list.finish();
}

}  // namespace weir
