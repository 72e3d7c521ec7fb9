// The loop over a map, and the description of what it accepts.
#include "contracts/schema.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir {

std::vector<OptionInfo> SchemaBase::options() const {
  std::vector<OptionInfo> options;
  options.reserve(entries_.size());
  for (const Entry& entry : entries_) options.push_back(entry.info);
  return options;
}

std::vector<std::string_view> SchemaBase::option_names() const {
  std::vector<std::string_view> names;
  names.reserve(entries_.size());
  for (const Entry& entry : entries_) names.push_back(entry.info.name);
  return names;
}

void SchemaBase::add(OptionInfo info, ReadNode read) {
  entries_.push_back({.info = std::move(info), .read = std::move(read)});
}

const SchemaBase::ReadNode& SchemaBase::reader_of(std::string_view name) const {
  const auto entry = std::ranges::find(entries_, name, [](const Entry& each) { return each.info.name; });
  invariant(entry != entries_.end(), "a shorthand stands for an option that was declared before it");
  return entry->read;
}

bool SchemaBase::read_object(const Node& node, const Reading& reading, void* object) const {
  const bool as_shorthand = shorthand_ != nullptr && !node.is_map() && !node.is_null();
  bool good = as_shorthand ? shorthand_(node, reading, object) : read_members(node, reading, object);
  if (!good) return false;
  for (const ReadNode& check : checks_) good = check(node, reading, object) && good;
  return good;
}

bool SchemaBase::read_members(const Node& node, const Reading& reading, void* object) const {
  if (!node.is_null() && !option::want_map(node, reading, fmt::format("the options of {}", name_))) return false;
  bool good = true;
  for (const Node::Member& member : node.members()) {
    const auto entry = std::ranges::find(entries_, member.name,
                                         [](const Entry& each) -> const std::string& { return each.info.name; });
    const Reading at = reading.member(member.name);
    if (entry != entries_.end())
      good = entry->read(member.value, at, object) && good;
    else if (rest_)
      good = rest_(member, at, object) && good;
    else
      good = unknown_option(member, at) && good;
  }
  for (const Entry& entry : entries_) {
    if (!entry.info.required || node.find(entry.info.name) != nullptr) continue;
    const std::string suggestion =
        entry.info.example.empty() ? std::string() : fmt::format("write {}: {}", entry.info.name, entry.info.example);
    good = reading.error(node, fmt::format("\"{}\" is missing", entry.info.name), suggestion);
  }
  return good;
}

bool SchemaBase::unknown_option(const Node::Member& member, const Reading& reading) const {
  return reading.error(member.place, fmt::format("unknown option \"{}\"", member.name),
                       did_you_mean(member.name, option_names()));
}

namespace {

void describe_below(const SchemaBase& schema, const std::string& prefix, std::string& out) {
  for (const OptionInfo& option : schema.options()) {
    out += fmt::format("{}{}: {}", prefix, option.name, option.type);
    if (option.required)
      out += ", required";
    else if (!option.default_value.empty())
      out += " = " + option.default_value;
    if (!option.bounds.empty()) out += fmt::format(" ({})", option.bounds);
    out += fmt::format(". {}", option.doc);
    if (!option.example.empty()) out += fmt::format(" Example: {}", option.example);
    out += '\n';
    if (option.nested != nullptr) describe_below(*option.nested, prefix + option.name + ".", out);
  }
}

}  // namespace

std::string describe(const SchemaBase& schema) {
  std::string out = fmt::format("{}: {}\n", schema.name(), schema.doc());
  describe_below(schema, schema.name() + ".", out);
  return out;
}

}  // namespace weir
