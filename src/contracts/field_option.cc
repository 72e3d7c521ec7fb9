// What may be set, and what to use instead of what may not.
#include "contracts/field_option.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "http/characters.h"

namespace weir {
namespace {

struct Refusal {
  std::string_view reason;
  std::string_view instead;
};

constexpr std::string_view use_upgrade = "list the protocol in the route's `upgrade`";

Refusal refusal_of(FieldName name, MessageKind message) {
  switch (name) {
    case FieldName::content_length:
    case FieldName::transfer_encoding:
      return {"is the framing of the message, which Weir writes from the body itself", "leave it out"};
    case FieldName::connection:
    case FieldName::keep_alive:
    case FieldName::proxy_connection:
      return {"speaks about one connection, and Weir decides about its connections",
              "use `timeouts.keep_alive` or an upstream's `connections`"};
    case FieldName::upgrade:
      return {"changes the protocol of a connection", use_upgrade};
    case FieldName::te:
    case FieldName::trailer:
      return {"speaks about one connection, and Weir writes it where trailers are passed on", "leave it out"};
    case FieldName::host:
      if (message == MessageKind::request) return {"is the request's authority", "use `rewrite: { host: ... }`"};
      return {};
    case FieldName::expect:
      if (message == MessageKind::request) return {"is answered by Weir or passed on, never made up", "leave it out"};
      return {};
    default:
      return {};
  }
}

}  // namespace

bool check_field_name(std::string_view name, MessageKind message, Place place, const Reading& reading) {
  if (!characters::is_token(name)) {
    return reading.error(place, fmt::format("\"{}\" is no field name", name), "write a token such as x-request-id");
  }
  const Refusal refusal = refusal_of(name_id(text::to_lower(name)), message);
  if (refusal.reason.empty()) return true;
  return reading.error(place, fmt::format("{} {}", name, refusal.reason), std::string(refusal.instead));
}

bool check_field_value(const Node& value, const Reading& reading) {
  const std::string& text = value.text();
  if (characters::find_control(text.data(), text.data() + text.size()) != text.data() + text.size()) {
    return reading.error(value, "a field value cannot hold control characters such as line breaks");
  }
  if (text::trim(text).size() != text.size()) {
    return reading.error(value, "white space at either end is no part of a field value", "leave it out");
  }
  return true;
}

bool check_fields(const Node& map, MessageKind message, const Reading& reading) {
  bool good = true;
  std::vector<std::string> seen;
  for (const Node::Member& member : map.members()) {
    const Reading at = reading.member(member.name);
    good = check_field_name(member.name, message, member.place, at) && good;
    if (member.value.is_list()) {
      for (std::size_t index = 0; const Node& item : member.value.items()) {
        good = check_field_value(item, at.item(index++)) && good;
      }
    } else {
      good = check_field_value(member.value, at) && good;
    }
    std::string lower = text::to_lower(member.name);
    if (std::ranges::find(seen, lower) != seen.end()) {
      good = at.error(member.place, fmt::format("{} stands here already; field names do not differ by case", lower));
    }
    seen.push_back(std::move(lower));
  }
  return good;
}

std::vector<Field> prepare_fields(FieldOptions& texts) {
  std::vector<Field> fields;
  fields.reserve(texts.size());
  for (auto& [name, value] : texts) {
    name = text::to_lower(name);
    fields.push_back({.name = name, .value = value, .id = name_id(name)});
  }
  return fields;
}

}  // namespace weir
