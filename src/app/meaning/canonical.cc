// The walk guided by schemas.
#include "app/meaning/canonical.h"

#include <algorithm>

#include "app/catalog.h"
#include "app/config/default_value.h"
#include "app/config/document.h"
#include "app/config/include.h"
#include "app/config/routes.h"
#include "base/text.h"
#include "contracts/schema.h"

namespace weir::meaning {
namespace {

/// Nothing is looked up: what would be put in stands for itself, so that no secret is ever compared or shown.
class Unexpanded final : public config::Source {
 public:
  Unexpanded(config::Source& source, std::string main_file) : source_(source), main_file_(std::move(main_file)) {}

  std::expected<std::string, std::string> read(const std::string& file) override {
    auto bytes = source_.read(file);
    // Files of the configuration were found by match(); what else cannot be read is a ${file:} of another machine.
    if (bytes || file == main_file_ || std::ranges::find(matched_, file) != matched_.end()) return bytes;
    return file;
  }
  std::vector<std::string> match(const std::string& pattern) override {
    std::vector<std::string> files = source_.match(pattern);
    matched_.insert(matched_.end(), files.begin(), files.end());
    return files;
  }
  std::optional<std::string> environment(const std::string& name) override { return "${env:" + name + "}"; }

 private:
  config::Source& source_;
  std::string main_file_;
  std::vector<std::string> matched_;
};

/// A secret as it was written; shown() gives that in quotes.
std::string written(const Node& node) {
  if (!node.is_secret()) return node.text();
  const std::string shown = node.shown();
  return shown.starts_with('"') ? shown.substr(1, shown.size() - 2) : shown;
}

Node text_node(const Node& node, std::string text) {
  return Node::scalar(node.place(), std::move(text), node.quoted());
}

/// 60s and 1m, 1024KiB and 1MiB: one of them.
Node canonical_scalar(const Node& node, std::string_view type) {
  for (const std::string_view word : {" or none", " or off"}) {
    if (type.ends_with(word)) type.remove_suffix(word.size());
  }
  if (node.is_secret()) return text_node(node, written(node));
  Diagnostics ignored;
  const Reading reading(ignored);
  if (type == "duration") {
    Duration value{};
    if (option::read_duration(node, reading, value)) return text_node(node, option::shown(value));
  } else if (type == "size") {
    ByteCount value = 0;
    if (option::read_bytes(node, reading, value)) return text_node(node, option::shown_bytes(value));
  }
  return node;
}

template <typename Find>
Node canonical_use(const Node& node, Find find) {
  const auto one = [&](const std::string& name, Place place, const Node& options) {
    const auto* kind = find(name);
    Node value = kind == nullptr ? options : canonical(options, name, &kind->schema());
    if (value.is_map() && value.members().empty()) value = {};
    return Node::Member{.name = name, .place = place, .value = std::move(value)};
  };
  if (node.is_scalar()) return Node::map(node.place(), {one(written(node), node.place(), {})});
  if (!node.is_map()) return node;
  std::vector<Node::Member> members;
  for (const Node::Member& member : node.members()) members.push_back(one(member.name, member.place, member.value));
  return Node::map(node.place(), std::move(members));
}

/// Whether a value, in its canonical form, says no more than an option that is not written.
bool says_nothing(const Node& value, const SchemaBase& schema, const OptionInfo& option) {
  if (value.is_secret()) return false;
  if (const auto implied = config::default_of(schema, option))
    return flow_text(value) == flow_text(canonical(*implied, option.type, option.nested));
  return value.is_null() || (!value.is_scalar() && value.items().empty() && value.members().empty());
}

Node canonical_object(const Node& written, const SchemaBase& schema) {
  if (written.is_list()) {  // proxy: [{ to: a, weight: 9 }, { to: b }]
    std::vector<Node> items;
    for (const Node& item : written.items()) items.push_back(canonical_object(item, schema));
    return Node::list(written.place(), std::move(items));
  }
  Node node = config::long_form(written, schema);
  if (!node.is_map() && !node.is_null()) return node;
  const std::vector<OptionInfo> options = schema.options();
  std::vector<Node::Member> members;
  for (const Node::Member& member : node.members()) {
    const auto option = std::ranges::find(options, member.name, &OptionInfo::name);
    Node value = member.value;
    if (option != options.end()) {
      value = canonical(value, option->type, option->nested);
      if (says_nothing(value, schema, *option)) continue;
    } else if (const ServiceKind* service = find_service(member.name); service != nullptr && schema.takes_others()) {
      value = canonical(value, member.name, &service->schema());
    }
    members.push_back({.name = member.name, .place = member.place, .value = std::move(value)});
  }
  return config::short_form(Node::map(node.place(), std::move(members)), schema);
}

Node canonical_list(const Node& node, std::string_view item_type, const SchemaBase* nested) {
  std::vector<Node> items;
  if (node.is_list()) {
    for (const Node& item : node.items()) items.push_back(canonical(item, item_type, nested));
  } else if (!node.is_null()) {
    items.push_back(canonical(node, item_type, nested));
  }
  return Node::list(node.place(), std::move(items));
}

Node canonical_map(const Node& node, std::string_view value_type, const SchemaBase* nested) {
  if (!node.is_map()) return node;
  std::vector<Node::Member> members;
  for (const Node::Member& member : node.members())
    members.push_back(
        {.name = member.name, .place = member.place, .value = canonical(member.value, value_type, nested)});
  return Node::map(node.place(), std::move(members));
}

/// A text that needs quotes to be one value in a flow.
bool needs_quotes(std::string_view text) {
  return text.empty() || text.find_first_of(",[]{}#\"'\n") != std::string_view::npos || text.contains(": ") ||
         text.front() == ' ' || text.back() == ' ';
}

}  // namespace

Node canonical(const Node& node, std::string_view type, const SchemaBase* nested) {
  if (type.starts_with("list of ")) return canonical_list(node, type.substr(8), nested);
  if (type.starts_with("map of ")) return canonical_map(node, type.substr(7), nested);
  if (type == "filter") return canonical_use(node, find_filter);
  if (type == "balancer") return canonical_use(node, find_balancer);
  if (nested != nullptr) return canonical_object(node, *nested);
  if (node.is_scalar()) return canonical_scalar(node, type);
  return node;
}

Meaning meaning_of(const std::string& file, config::Source& source, Diagnostics& diagnostics) {
  Unexpanded unexpanded(source, file);
  config::FileCache cache;
  const config::LoadedFiles loaded = config::load_files(file, unexpanded, cache, {}, diagnostics);
  Meaning meaning;
  meaning.sections = canonical(config::merge_sections(loaded.files, diagnostics), "", &config::configuration_schema());
  for (const config::LoadedFile& each : loaded.files) {
    const Node* routes = each.root.find("routes");
    if (routes == nullptr) continue;
    for (const Node& route : routes->items()) meaning.routes.push_back(canonical(route, "", &config::route_schema()));
  }
  return meaning;
}

std::string flow_text(const Node& node) {
  switch (node.kind()) {
    case Node::Kind::null:
      return "~";
    case Node::Kind::scalar: {
      std::string said = written(node);
      if (!needs_quotes(said)) return said;
      std::string quoted;
      text::append_json_string(quoted, said);
      return quoted;
    }
    case Node::Kind::list: {
      std::string out = "[";
      for (const Node& item : node.items()) out += (out.size() > 1 ? ", " : "") + flow_text(item);
      return out + "]";
    }
    case Node::Kind::map: {
      std::string out = "{";
      for (const Node::Member& member : node.members()) {
        out += (out.size() > 1 ? ", " : " ") + member.name;
        if (!member.value.is_null()) out += ": " + flow_text(member.value);
      }
      return out + (node.members().empty() ? "}" : " }");
    }
  }
  return {};
}

}  // namespace weir::meaning
