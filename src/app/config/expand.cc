// The walk that replaces, and the small grammar of ${...}.
#include "app/config/expand.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

namespace weir::config {
namespace {

constexpr std::string_view opening = "${";

bool is_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (name.empty() || !is_letter(name.front())) return false;
  for (const char c : name) {
    if (!is_letter(c) && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

std::optional<std::string> from_environment(std::string_view inside, const Node& node, Source& source,
                                            const Reading& reading) {
  const std::size_t dash = inside.find(":-");
  const std::string name(inside.substr(0, dash));
  if (!is_name(name)) {
    reading.error(node, fmt::format("\"{}\" is not the name of an environment variable", name), "write ${env:NAME}");
    return {};
  }
  auto value = source.environment(name);
  // As in a shell, `:-` stands in for an empty variable, too.
  if (dash != std::string_view::npos && (!value || value->empty())) return std::string(inside.substr(dash + 2));
  if (value) return value;
  reading.error(node, fmt::format("the environment variable {} is not set", name),
                fmt::format("set it, or write ${{env:{}:-default}}", name));
  return {};
}

std::optional<std::string> from_file(std::string_view inside, const Node& node, Source& source,
                                     const Reading& reading) {
  const std::string file(inside);
  if (!inside.starts_with('/')) {
    reading.error(node, fmt::format("\"{}\" is not a path from the root", file), "write ${file:/path}");
    return {};
  }
  auto bytes = source.read(file);
  if (!bytes) {
    reading.error(node, fmt::format("cannot read {}: {}", file, bytes.error()));
    return {};
  }
  if (bytes->ends_with('\n')) bytes->pop_back();
  if (bytes->ends_with('\r')) bytes->pop_back();
  return *bytes;
}

/// The value of what stands between `${` and `}`.
std::optional<std::string> value_of(std::string_view inside, const Node& node, Source& source, const Reading& reading) {
  constexpr std::string_view environment = "env:";
  constexpr std::string_view file = "file:";
  if (inside.starts_with(environment)) {
    return from_environment(inside.substr(environment.size()), node, source, reading);
  }
  if (inside.starts_with(file)) return from_file(inside.substr(file.size()), node, source, reading);
  reading.error(node, fmt::format("${{{}}} is neither ${{env:NAME}} nor ${{file:/path}}", inside),
                "write $${ for a literal ${");
  return {};
}

Node expand_scalar(const Node& node, Source& source, const Reading& reading) {
  std::string_view rest = node.text();
  std::string expanded;
  bool secret = false;
  while (true) {
    const std::size_t at = rest.find(opening);
    if (at == std::string_view::npos) break;
    if (at > 0 && rest[at - 1] == '$') {
      expanded += rest.substr(0, at - 1);
      expanded += opening;
      rest.remove_prefix(at + opening.size());
      continue;
    }
    const std::size_t end = rest.find('}', at);
    if (end == std::string_view::npos) {
      reading.error(node, "${ without }", "write $${ for a literal ${");
      return node;
    }
    const auto value = value_of(rest.substr(at + opening.size(), end - at - opening.size()), node, source, reading);
    if (!value) return node;
    expanded += rest.substr(0, at);
    expanded += *value;
    secret = true;
    rest.remove_prefix(end + 1);
  }
  expanded += rest;
  return secret ? Node::secret(node.place(), std::move(expanded), node.text())
                : Node::scalar(node.place(), std::move(expanded), node.quoted());
}

Node expand_list(const Node& node, Source& source, const Reading& reading) {
  std::vector<Node> items;
  items.reserve(node.items().size());
  bool changed = false;
  for (const Node& item : node.items()) {
    items.push_back(expand(item, source, reading.item(items.size())));
    changed = changed || !items.back().same(item);
  }
  return changed ? Node::list(node.place(), std::move(items)) : node;
}

Node expand_map(const Node& node, Source& source, const Reading& reading) {
  std::vector<Node::Member> members;
  members.reserve(node.members().size());
  bool changed = false;
  for (const Node::Member& member : node.members()) {
    Node value = expand(member.value, source, reading.member(member.name));
    changed = changed || !value.same(member.value);
    members.push_back({.name = member.name, .place = member.place, .value = std::move(value)});
  }
  return changed ? Node::map(node.place(), std::move(members)) : node;
}

}  // namespace

Node expand(const Node& node, Source& source, const Reading& reading) {
  switch (node.kind()) {
    case Node::Kind::null:
      return node;
    case Node::Kind::scalar:
      return node.text().contains(opening) ? expand_scalar(node, source, reading) : node;
    case Node::Kind::list:
      return expand_list(node, source, reading);
    case Node::Kind::map:
      return expand_map(node, source, reading);
  }
  return node;
}

}  // namespace weir::config
