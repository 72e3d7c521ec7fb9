// The names, and where each value is found.
#include "contracts/selector.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/carrying_field.h"
#include "http/characters.h"
#include "http/cookie.h"

namespace weir {
namespace {

using Kind = Selector::Kind;

struct Name {
  std::string_view text;
  Kind kind;
  bool has_argument;
};

constexpr std::array names{
    Name{"client_address", Kind::client_address, false},
    Name{"host", Kind::host, false},
    Name{"method", Kind::method, false},
    Name{"path", Kind::path, false},
    Name{"query", Kind::whole_query, false},
    Name{"scheme", Kind::scheme, false},
    Name{"request_id", Kind::request_id, false},
    Name{"route", Kind::route, false},
    Name{"user", Kind::user, false},
    Name{"header", Kind::header, true},
    Name{"cookie", Kind::cookie, true},
    Name{"query", Kind::query, true},
    Name{"path_segment", Kind::path_segment, true},
};

const Name* find_name(std::string_view text, bool has_argument) {
  const auto found = std::ranges::find_if(
      names, [&](const Name& name) { return name.text == text && name.has_argument == has_argument; });
  return found == names.end() ? nullptr : &*found;
}

std::string unknown(std::string_view text, bool has_argument) {
  std::vector<std::string_view> candidates;
  for (const Name& name : names) candidates.push_back(name.text);
  const std::string_view nearest = text::nearest(text, candidates);
  if (find_name(text, !has_argument) != nullptr) {
    return has_argument ? fmt::format("\"{}\" stands alone", text)
                        : fmt::format("\"{}\" of what? write {}: NAME", text, text);
  }
  return fmt::format("there is no value called \"{}\"{}", text,
                     nearest.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", nearest));
}

/// The first parameter of that name, `+` and percent-escapes resolved (WHATWG URL, section 5.1).
std::string_view query_value(std::string_view query, std::string_view name, Arena& arena) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    if (parameter.substr(0, equals) != name) continue;
    const std::string_view raw = parameter.substr(std::min(equals + 1, parameter.size()));
    if (raw.find_first_of("%+") == std::string_view::npos) return raw;
    std::string plain;
    for (std::size_t at = 0; at < raw.size(); ++at) {
      const int high = raw[at] == '%' && at + 2 < raw.size() ? text::hex_value(raw[at + 1]) : -1;
      const int low = high >= 0 ? text::hex_value(raw[at + 2]) : -1;
      if (low >= 0) {
        plain += static_cast<char>(high * 16 + low);
        at += 2;
      } else {
        plain += raw[at] == '+' ? ' ' : raw[at];
      }
    }
    return arena.copy(plain);
  }
  return {};
}

std::string_view cookie_value(const Fields& fields, std::string_view name) {
  std::string_view first;
  find_cookie(fields, name, [&](std::string_view value) {
    first = value;
    return true;
  });
  return first;
}

std::string_view segment_of(std::string_view path, std::uint32_t number) {
  for (std::uint32_t at = 1; path.starts_with('/'); ++at) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    if (at == number) return path.substr(0, end);
    path.remove_prefix(end);
  }
  return {};
}

}  // namespace

std::expected<Selector, std::string> Selector::parse(std::string_view text) {
  text = text::trim(text);
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos)
    return make(text::trim(text.substr(0, colon)), text::trim(text.substr(colon + 1)));
  const Name* name = find_name(text, false);
  if (name == nullptr) return std::unexpected(unknown(text, false));
  Selector selector;
  selector.kind_ = name->kind;
  return selector;
}

std::expected<Selector, std::string> Selector::make(std::string_view kind, std::string_view argument) {
  const Name* name = find_name(kind, true);
  if (name == nullptr) return std::unexpected(unknown(kind, true));
  Selector selector;
  selector.kind_ = name->kind;
  if (selector.kind_ == Kind::path_segment) {
    const auto number = text::parse_decimal(argument);
    if (!number || *number == 0 || *number > 1000) {
      return std::unexpected(fmt::format("\"{}\" is no segment; the first is 1", argument));
    }
    selector.segment_ = static_cast<std::uint32_t>(*number);
    return selector;
  }
  const bool is_name = selector.kind_ == Kind::query
                           ? !argument.empty() && std::ranges::all_of(argument, &characters::is_visible) &&
                                 argument.find_first_of("&=") == std::string_view::npos
                           : characters::is_token(argument);
  if (!is_name) return std::unexpected(fmt::format("\"{}\" is no name of a {}", argument, kind));
  selector.argument_ = selector.kind_ == Kind::header ? text::to_lower(argument) : std::string(argument);
  if (selector.kind_ == Kind::header && carries_request(selector.argument_)) {
    return std::unexpected(selector.argument_ == "host"
                               ? "the header Host is read into another value; write host"
                               : fmt::format("the header {} says how a message is carried, and is taken out before "
                                             "anybody could ask for it",
                                             argument));
  }
  return selector;
}

std::string_view Selector::value(const SelectorFacts& facts, Arena& arena) const {
  switch (kind_) {
    case Kind::client_address:
      return facts.client.over_unix ? std::string_view("unix") : arena.copy(facts.client.address.text());
    case Kind::host:
      return facts.request.host;
    case Kind::method:
      return facts.request.method_text;
    case Kind::path:
      return facts.request.path;
    case Kind::whole_query:
      return facts.request.query;
    case Kind::scheme:
      return facts.scheme;
    case Kind::request_id:
      return facts.request_id;
    case Kind::route:
      return facts.route;
    case Kind::user:
      return facts.user;
    case Kind::header: {
      const Field* field = facts.request.fields.find(std::string_view(argument_));
      return field == nullptr ? std::string_view() : field->value;
    }
    case Kind::cookie:
      return cookie_value(facts.request.fields, argument_);
    case Kind::query:
      return query_value(facts.request.query, argument_, arena);
    case Kind::path_segment:
      return segment_of(facts.request.path, segment_);
  }
  return {};
}

std::string Selector::text() const {
  for (const Name& name : names) {
    if (name.kind != kind_) continue;
    if (!name.has_argument) return std::string(name.text);
    return fmt::format("{}: {}", name.text, kind_ == Kind::path_segment ? std::to_string(segment_) : argument_);
  }
  return {};
}

bool OptionType<Selector>::read(const Node& node, const Reading& at, Selector& out) {
  std::expected<Selector, std::string> made = std::unexpected(std::string());
  if (node.is_scalar()) {
    made = Selector::parse(node.text());
  } else if (node.is_map() && node.members().size() == 1 && node.members().front().value.is_scalar()) {
    made = Selector::make(node.members().front().name, node.members().front().value.text());
  } else {
    return at.error(node, fmt::format("expected the name of a value, found {}", node.shown()),
                    "write client_address or { header: x-user }");
  }
  if (!made) return at.error(node, made.error());
  out = std::move(*made);
  return true;
}

}  // namespace weir
