// The lists of forwarded.h, read from the right and written at the right.
//
// Reading from the right matters beyond order: a client that opens a quote it never closes would, read from the left,
// swallow what the trusted proxy appended behind it.
#include "http/forwarded.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "http/characters.h"

namespace weir {
namespace {

/// Where the last `separator` outside quotes stands, seen from the right; npos when there is none.
std::size_t find_last_separator(std::string_view list, char separator) {
  bool quoted = false;
  for (std::size_t at = list.size(); at-- > 0;) {
    if (list[at] == '"')
      quoted = !quoted;
    else if (list[at] == separator && !quoted)
      return at;
  }
  return std::string_view::npos;
}

std::string_view take_last(std::string_view& list, char separator) {
  const std::size_t at = find_last_separator(list, separator);
  const std::string_view last = at == std::string_view::npos ? list : list.substr(at + 1);
  list = at == std::string_view::npos ? std::string_view() : list.substr(0, at);
  return text::trim(last);
}

std::string_view unquote(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') return value.substr(1, value.size() - 2);
  return value;
}

/// `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
std::optional<IpAddress> parse_node(std::string_view node) {
  if (node.starts_with('[')) {
    node = node.substr(1, node.find(']') - 1);
  } else if (const std::size_t colon = node.find(':'); colon != std::string_view::npos && colon == node.rfind(':')) {
    node = node.substr(0, colon);
  }
  const Result<IpAddress> address = IpAddress::parse(node);
  return address ? std::optional(*address) : std::nullopt;
}

std::optional<IpAddress> parse_forwarded_element(std::string_view element) {
  while (!element.empty()) {
    const std::string_view pair = take_last(element, ';');
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || !text::equal_ignoring_case(pair.substr(0, equals), "for")) continue;
    return parse_node(unquote(pair.substr(equals + 1)));
  }
  return {};
}

bool is_trusted(const IpAddress& address, const std::vector<Cidr>& trusted) {
  return contains(trusted, address);
}

/// Adds a member to the list that the lines of that name are together, as one line.
void append_member(Fields& fields, FieldName name, std::string_view member) {
  if (!fields.has(name)) return fields.append(name, member);
  Arena& arena = fields.arena();
  std::string_view list;
  for (const Field& field : fields) {
    if (field.id == name && !field.value.empty())
      list = list.empty() ? field.value : arena.join(list, std::string_view(", "), field.value);
  }
  if (!list.empty()) member = arena.join(list, std::string_view(", "), member);
  fields.set(name, member);
}

void set_when_absent(Fields& fields, FieldName name, std::string_view value) {
  if (!value.empty() && !fields.has(name)) fields.append(name, value);
}

/// The value of a Forwarded pair: a token as it is, anything else as a quoted string (RFC 7239 section 4).
std::string_view quoted_unless_token(std::string_view value, Arena& arena) {
  if (characters::is_token(value)) return value;
  return arena.join(std::string_view("\""), value, std::string_view("\""));
}

std::string_view address_text(const IpAddress& address, Arena& arena) {
  char* const begin = static_cast<char*>(arena.allocate(IpAddress::text_bytes_max, 1));
  return {begin, static_cast<std::size_t>(address.write(begin) - begin)};
}

std::string_view number_text(std::uint16_t number, Arena& arena) {
  constexpr std::size_t digits_max = 5;  // of 65535
  char* const begin = static_cast<char*>(arena.allocate(digits_max, 1));
  return {begin, static_cast<std::size_t>(std::to_chars(begin, begin + digits_max, number).ptr - begin)};
}

std::string_view node_text(const ForwardingHop& hop, Arena& arena) {
  if (hop.over_unix) return "unknown";
  const std::string_view address = address_text(hop.peer, arena);
  if (hop.peer.is_v4()) return address;
  return arena.join(std::string_view("\"["), address, std::string_view("]\""));
}

void append_x_forwarded(Fields& fields, const ForwardingHop& hop) {
  Arena& arena = fields.arena();
  if (!hop.over_unix) append_member(fields, FieldName::x_forwarded_for, address_text(hop.peer, arena));
  set_when_absent(fields, FieldName::x_forwarded_proto, hop.scheme);
  set_when_absent(fields, FieldName::x_forwarded_host, hop.authority);
  if (hop.port != 0) set_when_absent(fields, FieldName::x_forwarded_port, number_text(hop.port, arena));
}

void append_forwarded(Fields& fields, const ForwardingHop& hop) {
  Arena& arena = fields.arena();
  std::string_view element =
      arena.join(std::string_view("for="), node_text(hop, arena), std::string_view(";proto="), hop.scheme);
  if (!hop.authority.empty()) {
    element = arena.join(element, std::string_view(";host="), quoted_unless_token(hop.authority, arena));
  }
  append_member(fields, FieldName::forwarded, element);
}

}  // namespace

IpAddress find_client(const IpAddress& peer, bool peer_trusted, const Fields& fields,
                      const std::vector<Cidr>& trusted) {
  if (!peer_trusted) return peer;
  const bool x_forwarded = fields.has(FieldName::x_forwarded_for);
  const FieldName name = x_forwarded ? FieldName::x_forwarded_for : FieldName::forwarded;
  IpAddress client = peer;
  for (const Field* field = fields.end(); field != fields.begin();) {
    --field;
    if (field->id != name) continue;
    for (std::string_view list = field->value; !list.empty();) {
      const std::string_view member = take_last(list, ',');
      if (member.empty()) continue;
      const std::optional<IpAddress> address = x_forwarded ? parse_node(member) : parse_forwarded_element(member);
      if (!address) return client;
      client = *address;
      if (!is_trusted(client, trusted)) return client;
    }
  }
  return client;
}

void strip_forwarded(Fields& fields) {
  constexpr FieldSet told_by_proxies = set_of(FieldName::forwarded) | set_of(FieldName::x_forwarded_for) |
                                       set_of(FieldName::x_forwarded_host) | set_of(FieldName::x_forwarded_port) |
                                       set_of(FieldName::x_forwarded_proto) | set_of(FieldName::x_real_ip);
  if (!fields.has_any(told_by_proxies)) return;
  fields.remove_if([](const Field& field) { return (set_of(field.id) & told_by_proxies) != 0; });
}

void forward_client(Fields& fields, const ForwardingHop& hop, const ForwardingPolicy& policy) {
  if (!hop.peer_trusted) strip_forwarded(fields);
  if (policy.x_forwarded) append_x_forwarded(fields, hop);
  if (policy.forwarded) append_forwarded(fields, hop);
}

void append_via(Fields& fields, Version version, std::string_view pseudonym) {
  Arena& arena = fields.arena();
  append_member(fields, FieldName::via, arena.join(name_of(version), std::string_view(" "), pseudonym));
}

void append_cdn_loop(Fields& fields, std::string_view pseudonym) {
  append_member(fields, FieldName::cdn_loop, pseudonym);
}

bool has_passed(const Fields& fields, std::string_view pseudonym) {
  if (!fields.has_any(set_of(FieldName::via) | set_of(FieldName::cdn_loop))) return false;
  for (const Field& field : fields) {
    if (field.id != FieldName::via && field.id != FieldName::cdn_loop) continue;
    for (std::string_view list = field.value; !list.empty();) {
      std::string_view member = take_last(list, ',');
      // Via: protocol, host or pseudonym, perhaps a comment. CDN-Loop: an id, perhaps parameters.
      if (field.id == FieldName::via)
        member = text::trim(member.substr(std::min(member.find_first_of(" \t"), member.size())));
      const std::string_view who = member.substr(0, member.find_first_of(" \t;("));
      if (text::equal_ignoring_case(who, pseudonym)) return true;
    }
  }
  return false;
}

}  // namespace weir
