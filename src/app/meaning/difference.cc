// Comparing two trees, with names as the thread.
#include "app/meaning/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "app/catalog.h"
#include "app/config/document.h"
#include "app/config/routes.h"
#include "app/json_writer.h"
#include "contracts/schema.h"

namespace weir::meaning {
namespace {

/// More is unreadable, and `weir diff --json` has it all the same.
constexpr std::size_t shown_bytes_max = 100;

std::string shortened(std::string text) {
  if (text.size() <= shown_bytes_max) return text;
  return text.substr(0, shown_bytes_max - 3) + "...";
}

/// Where a comparison stands: which thing, and which of its options.
struct Position {
  std::string subject;
  std::string option;

  [[nodiscard]] Position below(std::string_view name) const {
    return {subject, option.empty() ? std::string(name) : fmt::format("{}.{}", option, name)};
  }
};

class Comparison {
 public:
  explicit Comparison(std::vector<Change>& out) : out_(out) {}

  void values(const Position& at, const Node& before, const Node& after, const SchemaBase* schema = nullptr) {
    if (before.is_map() && after.is_map()) return maps(at, before, after, schema);
    if (before.is_list() && after.is_list()) return lists(at, before, after);
    if (flow_text(before) == flow_text(after)) return;
    changed(at, flow_text(before), flow_text(after));
  }

  void maps(const Position& at, const Node& before, const Node& after, const SchemaBase* schema) {
    static const Node nothing;  // all defaults
    for (const Node::Member& member : before.members()) {
      const Node* other = after.find(member.name);
      const OptionInfo info = info_of(schema, member.name);
      if (other == nullptr && is_section(info, member.value))
        maps(at.below(member.name), member.value, nothing, info.nested);
      else if (other == nullptr)
        changed(at.below(member.name), flow_text(member.value), info.default_value);
      else
        values(at.below(member.name), member.value, *other, info.nested);
    }
    for (const Node::Member& member : after.members()) {
      if (before.find(member.name) != nullptr) continue;
      const OptionInfo info = info_of(schema, member.name);
      if (is_section(info, member.value))
        maps(at.below(member.name), nothing, member.value, info.nested);
      else
        changed(at.below(member.name), info.default_value, flow_text(member.value));
    }
  }

  /// Items that are the same on both sides stay out of it; of the others, those with the same name are compared.
  void lists(const Position& at, const Node& before, const Node& after) {
    std::vector<const Node*> gone;
    std::vector<const Node*> come;
    part(before, after, gone, come);
    if (gone.empty() && come.empty()) {
      if (flow_text(before) != flow_text(after)) changed(at, flow_text(before), flow_text(after), "in another order");
      return;
    }
    for (const Node* each : gone) {
      const auto twin = std::ranges::find_if(come, [&](const Node* other) {
        return other != nullptr && !name_of(*each).empty() && same_name(*each, *other);
      });
      // A list of one on both sides (a route's only match) is the thing itself.
      const bool only = before.items().size() == 1 && after.items().size() == 1 && each->is_map();
      if (twin != come.end() || (only && name_of(*each).empty())) {
        const Node& other = twin != come.end() ? **twin : *come.front();
        *(twin != come.end() ? twin : come.begin()) = nullptr;
        values(at, *each, other);
      } else {
        changed(at, flow_text(*each), {});
      }
    }
    for (const Node* each : come) {
      if (each != nullptr) changed(at, {}, flow_text(*each));
    }
  }

  void changed(const Position& at, std::string before, std::string after, std::string remark = {}) {
    out_.push_back({.subject = at.subject,
                    .option = at.option,
                    .before = std::move(before),
                    .after = std::move(after),
                    .remark = std::move(remark)});
  }

 private:
  /// A map of options with defaults of their own: where it is absent, these hold.
  static bool is_section(const OptionInfo& info, const Node& value) {
    return info.nested != nullptr && info.type == "map" && value.is_map();
  }

  static OptionInfo info_of(const SchemaBase* schema, std::string_view name) {
    if (schema == nullptr) return {};
    for (OptionInfo& info : schema->options()) {
      if (info.name == name) return std::move(info);
    }
    OptionInfo service;
    if (const ServiceKind* kind = find_service(name); kind != nullptr && schema->takes_others())
      service.nested = &kind->schema();
    return service;
  }

  static void part(const Node& before, const Node& after, std::vector<const Node*>& gone,
                   std::vector<const Node*>& come) {
    std::unordered_map<std::string, int> counts;
    for (const Node& item : before.items()) ++counts[flow_text(item)];
    for (const Node& item : after.items()) {
      if (--counts[flow_text(item)] < 0) come.push_back(&item);
    }
    counts.clear();
    for (const Node& item : after.items()) ++counts[flow_text(item)];
    for (const Node& item : before.items()) {
      if (--counts[flow_text(item)] < 0) gone.push_back(&item);
    }
  }

  /// What a list's item goes by: its name, its address, or the one key of `{ body_limit: ... }`.
  static std::string name_of(const Node& item) {
    if (!item.is_map()) return {};
    for (const std::string_view key : {"name", "address", "to"}) {
      if (const Node* value = item.find(key); value != nullptr && value->is_scalar()) return flow_text(*value);
    }
    return item.members().size() == 1 ? item.members().front().name : std::string();
  }
  static bool same_name(const Node& one, const Node& other) { return name_of(one) == name_of(other); }

  std::vector<Change>& out_;
};

/// What a listener is known by, as the document does: its name or its address.
std::string listener_name(const Node& listener) {
  if (const Node* name = listener.find("name")) return flow_text(*name);
  const Node* address = listener.find("address");
  return address == nullptr ? flow_text(listener) : address->text();
}

/// Things that have names of their own, and what one of them is called in a sentence.
struct Kind {
  std::string_view section;
  std::string_view word;
};
constexpr Kind named_sections[] = {{"upstreams", "upstream"}, {"chains", "chain"}, {"hosts", "host"}};

void compare_named(const Kind& kind, const Node& before, const Node& after, const SchemaBase* schema,
                   std::vector<Change>& out) {
  Comparison compare(out);
  for (const Node::Member& member : before.members()) {
    const Position at{fmt::format("{} {}", kind.word, member.name), {}};
    if (const Node* other = after.find(member.name))
      compare.values(at, member.value, *other, schema);
    else
      compare.changed(at, flow_text(member.value), {});
  }
  for (const Node::Member& member : after.members()) {
    if (before.find(member.name) == nullptr)
      compare.changed({fmt::format("{} {}", kind.word, member.name), {}}, {}, flow_text(member.value));
  }
}

/// Things in a list that are recognised by a key.
struct Keyed {
  std::vector<std::string> keys;
  std::vector<const Node*> nodes;
  std::unordered_map<std::string, std::size_t> index;

  void add(std::string key, const Node& node) {
    // A second one of the same key goes by its number, too.
    while (!index.try_emplace(key, keys.size()).second) key += " (again)";
    keys.push_back(std::move(key));
    nodes.push_back(&node);
  }
};

void compare_keyed(std::string_view word, const Keyed& before, const Keyed& after, const SchemaBase* schema,
                   std::vector<Change>& out) {
  Comparison compare(out);
  const auto subject = [&](const std::string& key) { return Position{fmt::format("{} {}", word, key), {}}; };
  std::size_t last = 0;  // where the last common one stands in `after`
  for (std::size_t at = 0; at < before.keys.size(); ++at) {
    const std::string& key = before.keys[at];
    const auto other = after.index.find(key);
    if (other == after.index.end()) {
      compare.changed(subject(key), flow_text(*before.nodes[at]), {});
      continue;
    }
    compare.values(subject(key), *before.nodes[at], *after.nodes[other->second], schema);
    if (other->second < last)
      compare.changed(subject(key), {}, {}, "stands further up");
    else
      last = other->second;
  }
  for (std::size_t at = 0; at < after.keys.size(); ++at) {
    if (!before.index.contains(after.keys[at]))
      compare.changed(subject(after.keys[at]), {}, flow_text(*after.nodes[at]));
  }
}

Keyed listeners_of(const Node* section) {
  Keyed keyed;
  if (section == nullptr) return keyed;
  for (const Node& listener : section->items()) keyed.add(listener_name(listener), listener);
  return keyed;
}

/// A route without a name is known by what it matches.
Keyed routes_of(const std::vector<Node>& routes) {
  Keyed keyed;
  for (const Node& route : routes) {
    const Node* name = route.find("name");
    const Node* match = route.find("match");
    keyed.add(name != nullptr    ? flow_text(*name)
              : match != nullptr ? fmt::format("for {}", flow_text(*match))
                                 : "for everything",
              route);
  }
  return keyed;
}

/// Of each section its schema.
const SchemaBase* schema_of(std::string_view section) {
  for (const OptionInfo& option : config::configuration_schema().options()) {
    if (option.name == section) return option.nested;
  }
  return nullptr;
}

void compare_section(const std::string& name, const Node* before, const Node* after, std::vector<Change>& out) {
  static const Node nothing;
  const Node& was = before == nullptr ? nothing : *before;
  const Node& is = after == nullptr ? nothing : *after;
  for (const Kind& kind : named_sections) {
    if (kind.section == name) return compare_named(kind, was, is, schema_of(name), out);
  }
  if (name == "listeners")
    return compare_keyed("listener", listeners_of(before), listeners_of(after), schema_of(name), out);
  Comparison compare(out);
  const SchemaBase* schema = schema_of(name);
  const bool as_maps = schema != nullptr && (was.is_map() || was.is_null()) && (is.is_map() || is.is_null());
  if (as_maps) return compare.maps({name, {}}, was, is, schema);
  if (before == nullptr || after == nullptr)
    return compare.changed({name, {}}, before == nullptr ? "" : flow_text(was), after == nullptr ? "" : flow_text(is));
  compare.values({name, {}}, was, is);
}

/// `match` of a route is what it is all about: `path` says enough.
std::string spoken(std::string_view option) {
  if (option.starts_with("match.")) option.remove_prefix(6);
  return std::string(option);
}

}  // namespace

std::string Change::text() const {
  std::string out = subject;
  if (!option.empty()) out += ": " + spoken(option);
  if (!remark.empty()) return fmt::format("{} {}", out, remark);
  if (before.empty()) return fmt::format("{}{} {}", out, option.empty() ? " added:" : " added", shortened(after));
  if (after.empty()) return option.empty() ? out + " removed" : fmt::format("{} removed {}", out, shortened(before));
  return fmt::format("{}{} {} -> {}", out, option.empty() ? ":" : "", shortened(before), shortened(after));
}

std::vector<Change> difference(const Meaning& before, const Meaning& after) {
  std::vector<Change> changes;
  for (const Node::Member& section : before.sections.members())
    compare_section(section.name, &section.value, after.sections.find(section.name), changes);
  for (const Node::Member& section : after.sections.members()) {
    if (before.sections.find(section.name) == nullptr) compare_section(section.name, nullptr, &section.value, changes);
  }
  compare_keyed("route", routes_of(before.routes), routes_of(after.routes), &config::route_schema(), changes);
  return changes;
}

std::string text_of(const std::vector<Change>& changes) {
  if (changes.empty()) return "no difference\n";
  std::string out;
  for (const Change& change : changes) out += change.text() + '\n';
  return out;
}

std::string json_of(const std::vector<Change>& changes) {
  JsonWriter json;
  json.begin_array();
  for (const Change& change : changes) {
    json.begin_object().member("subject", change.subject);
    if (!change.option.empty()) json.member("option", change.option);
    if (!change.before.empty()) json.member("before", change.before);
    if (!change.after.empty()) json.member("after", change.after);
    json.member("text", change.text()).end_object();
  }
  json.end_array();
  return json.take();
}

}  // namespace weir::meaning
