// Reading defaults back from what the documentation says of them.
#include "app/config/default_value.h"

#include <algorithm>
#include <array>
#include <utility>

#include "services/respond/respond.h"

namespace weir::config {
namespace {

/// Options whose default hangs on others, or on the machine: schema and option.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> dependent{{
    {"api_key", "header"},       // none where `query` is named alone
    {"concurrency", "initial"},  // the bounds of a limit that is found out, and no other
    {"concurrency", "maximum"},
    {"concurrency", "minimum"},
    {"configuration", "admin"},    // not every user may write to /run/weir
    {"connections", "idle_max"},   // connections to FastCGI are not kept
    {"fault_injection", "abort"},  // one of the two is written
    {"fault_injection", "delay"},
    {"listener", "http2"},  // not where HTTP is not spoken
}};

/// What a rule of `limit` does not say is said beside its `rules`, and some of it has no meaning beside the rest.
bool belongs_to_limit_rule(const SchemaBase& schema, std::string_view option) {
  if (schema.name() != "limit" && schema.name() != "rule") return false;
  return option != "fields" && option != "status";
}

bool is_dependent(const SchemaBase& schema, const OptionInfo& option) {
  if (belongs_to_limit_rule(schema, option.name)) return true;
  return std::ranges::find(dependent, std::pair<std::string_view, std::string_view>(schema.name(), option.name)) !=
         dependent.end();
}

/// `[a, b]`, as OptionType of a list shows it: its items have no comma.
Node list_of(std::string_view text) {
  std::vector<Node> items;
  text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(", "), text.size());
    items.push_back(Node::scalar({}, std::string(text.substr(0, end))));
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return Node::list({}, std::move(items));
}

}  // namespace

std::optional<Node> default_of(const SchemaBase& schema, const OptionInfo& option) {
  const std::string& text = option.default_value;
  if (option.required || text.empty() || is_dependent(schema, option)) return {};
  if (text == "\"\"") return Node::scalar({}, "", true);
  if (text == "{}") return Node::map({}, {});
  return text.starts_with('[') && text.ends_with(']') ? list_of(text) : Node::scalar({}, text);
}

bool is_section(const OptionInfo& option) {
  if (option.nested == nullptr || (option.type != "map" && !option.type.starts_with("map, "))) return false;
  // What must be written cannot be left out.
  return std::ranges::none_of(option.nested->options(), &OptionInfo::required);
}

Node long_form(const Node& node, const SchemaBase& schema) {
  if (!node.is_scalar()) return node;
  if (&schema == &RespondOptions::schema()) return respond_long_form(node);
  if (schema.shorthand_option().empty()) return node;
  return Node::map(node.place(), {{.name = schema.shorthand_option(), .place = node.place(), .value = node}});
}

// `respond: 410` says more at a glance than `respond: { status: 410 }`; everything else is told best by its options.
Node short_form(const Node& map, const SchemaBase& schema) {
  if (&schema != &RespondOptions::schema() || map.members().size() > 1) return map;
  if (map.members().empty()) return Node::scalar(map.place(), std::to_string(RespondOptions().status));
  const Node::Member& only = map.members().front();
  if (!only.value.is_scalar() || only.value.is_secret()) return map;
  Node value = Node::scalar(map.place(), only.value.text());
  return respond_long_form(value).find(only.name) != nullptr ? value : map;
}

}  // namespace weir::config
