// The walk that fills in, and the one that writes.
#include "app/layout/explicit.h"

#include <algorithm>
#include <optional>

#include "app/catalog.h"
#include "app/config/default_value.h"
#include "app/config/document.h"
#include "app/config/routes.h"
#include "app/config/yaml_reader.h"
#include "base/text.h"
#include "contracts/schema.h"

namespace weir::layout {
namespace {

Node filled(const Node& node, std::string_view type, const SchemaBase* nested);

/// A default that is worth a line: empty texts, lists and maps say nothing and are left out.
std::optional<Node> shown_default(const SchemaBase& schema, const OptionInfo& option) {
  auto value = config::default_of(schema, option);
  if (!value || (value->text().empty() && value->items().empty())) return {};
  return filled(*value, option.type, option.nested);
}

Node filled_object(const Node& written, const SchemaBase& schema);

Node filled_list(const Node& written, const SchemaBase& schema) {
  std::vector<Node> items;
  for (const Node& item : written.items()) items.push_back(filled_object(item, schema));
  return Node::list({}, std::move(items));
}

Node filled_object(const Node& written, const SchemaBase& schema) {
  if (written.is_list()) return filled_list(written, schema);  // proxy: [{ to: a, weight: 9 }, { to: b }]
  Node node = config::long_form(written, schema);
  if (!node.is_map() && !node.is_null()) return node;
  const std::vector<OptionInfo> options = schema.options();
  std::vector<Node::Member> members;
  for (const Node::Member& member : node.members()) {
    const auto option = std::ranges::find(options, member.name, &OptionInfo::name);
    Node value = member.value;
    if (option != options.end())
      value = filled(value, option->type, option->nested);
    else if (const ServiceKind* service = find_service(member.name); service != nullptr && schema.takes_others())
      value = filled(value, member.name, &service->schema());
    members.push_back({.name = member.name, .place = {}, .value = std::move(value)});
  }
  for (const OptionInfo& option : options) {
    if (node.find(option.name) != nullptr) continue;
    if (auto value = shown_default(schema, option)) {
      members.push_back({.name = option.name, .place = {}, .value = std::move(*value)});
    } else if (config::is_section(option)) {
      Node below = filled_object({}, *option.nested);
      if (!below.members().empty()) members.push_back({.name = option.name, .place = {}, .value = std::move(below)});
    }
  }
  return Node::map({}, std::move(members));
}

template <typename Find>
Node filled_use(const Node& node, Find find) {
  const auto one = [&](const std::string& name, const Node& options) {
    const auto* kind = find(name);
    return Node::Member{
        .name = name, .place = {}, .value = kind == nullptr ? options : filled(options, name, &kind->schema())};
  };
  if (node.is_scalar()) return Node::map({}, {one(node.text(), {})});
  std::vector<Node::Member> members;
  for (const Node::Member& member : node.members()) members.push_back(one(member.name, member.value));
  return Node::map({}, std::move(members));
}

Node filled(const Node& node, std::string_view type, const SchemaBase* nested) {
  if (type.starts_with("list of ")) {
    std::vector<Node> items;
    if (!node.is_list() && !node.is_null()) items.push_back(filled(node, type.substr(8), nested));
    for (const Node& item : node.items()) items.push_back(filled(item, type.substr(8), nested));
    return Node::list({}, std::move(items));
  }
  if (type.starts_with("map of ")) {
    if (!node.is_map()) return node;
    std::vector<Node::Member> members;
    for (const Node::Member& member : node.members())
      members.push_back({.name = member.name, .place = {}, .value = filled(member.value, type.substr(7), nested)});
    return Node::map({}, std::move(members));
  }
  if (type == "filter") return filled_use(node, find_filter);
  if (type == "balancer") return filled_use(node, find_balancer);
  return nested != nullptr ? filled_object(node, *nested) : node;
}

/// Whether a text is the same value without quotes.
bool is_plain(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (text.contains(": ") || text.contains(" #") || text.contains('\n')) return false;
  return !std::string_view("-?:,[]{}#&*!|>'\"%@`~").contains(text.front()) && text != "null" && text != "~";
}

std::string scalar_text(const Node& node) {
  if (!node.quoted() && is_plain(node.text())) return node.text();
  std::string out;
  text::append_json_string(out, node.text());
  return out;
}

void write(const Node& node, std::size_t indent, std::string& out);

/// What stands behind `key:` or `-`. \param behind_dash  then a map begins in the same line
void write_value(const Node& node, std::size_t indent, bool behind_dash, std::string& out) {
  const bool nothing = node.is_null();
  const bool empty = (node.is_list() && node.items().empty()) || (node.is_map() && node.members().empty());
  if (nothing) {
    out += '\n';
  } else if (node.is_scalar()) {
    out += ' ' + scalar_text(node) + '\n';
  } else if (empty) {
    out += node.is_list() ? " []\n" : " {}\n";
  } else if (behind_dash && node.is_map()) {
    std::string below;
    write(node, indent, below);
    out += ' ' + below.substr(indent);
  } else {
    out += '\n';
    write(node, indent, out);
  }
}

void write(const Node& node, std::size_t indent, std::string& out) {
  for (const Node::Member& member : node.members()) {
    const Node name = Node::scalar({}, member.name);
    out += std::string(indent, ' ') + scalar_text(name) + ':';
    write_value(member.value, indent + 2, false, out);
  }
  for (const Node& item : node.items()) {
    out += std::string(indent, ' ') + '-';
    write_value(item, indent + 2, true, out);
  }
}

}  // namespace

std::expected<std::string, std::string> explicit_text(std::string_view text) {
  Diagnostics diagnostics;
  const auto root = config::read_yaml(text, intern_file_name("weir.yaml"), diagnostics);
  if (!root || diagnostics.has_errors()) return std::unexpected(diagnostics.text());
  std::string out;
  write(filled(*root, "", &config::configuration_schema()), 0, out);
  return out;
}

}  // namespace weir::layout
