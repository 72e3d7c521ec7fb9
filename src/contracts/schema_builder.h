// The bodies of Schema's builder functions: how a declaration becomes a line of the untyped table.
//
// Only schema.h includes this file; it is apart so that schema.h can be read as a page.
#pragma once

#include "base/invariant.h"
#include "contracts/schema.h"

namespace weir {
namespace schema_builder {

template <typename M>
const SchemaBase* nested_of() {
  if constexpr (requires { OptionType<M>::nested(); })
    return OptionType<M>::nested();
  else
    return nullptr;
}
template <typename M>
  requires requires { typename M::value_type; } && (!std::is_same_v<M, std::string>)
const SchemaBase* nested_of() {
  return nested_of<typename M::value_type>();
}

template <typename Value>
std::string bounds_text(const std::optional<Value>& minimum, const std::optional<Value>& maximum,
                        std::string (*shown)(Value)) {
  if (minimum && maximum) return shown(*minimum) + " to " + shown(*maximum);
  if (minimum) return "at least " + shown(*minimum);
  if (maximum) return "at most " + shown(*maximum);
  return {};
}

/// `none` is asked for by its word; it is larger than every bound, also where it is represented by a negative number.
template <typename Value>
bool is_none(const Value& value) {
  if constexpr (std::is_same_v<Value, Duration>)
    return value == no_limit;
  else if constexpr (std::is_same_v<Value, ByteCount>)
    return value == unbounded;
  else
    return false;
}

template <typename Value>
bool within(const Node& node, const Reading& at, const Value& value, const About<Value>& about,
            const std::string& bounds) {
  if (is_none(value) && !about.maximum) return true;
  if (is_none(value)) return at.error(node, "there must be a limit here", "write " + bounds);
  if (about.minimum && value < *about.minimum) return at.error(node, node.shown() + " is too small", "write " + bounds);
  if (about.maximum && value > *about.maximum) return at.error(node, node.shown() + " is too large", "write " + bounds);
  return true;
}

/// Whether the option's own rules allow the value.
template <typename Value>
bool accepted(const Node& node, const Reading& at, const Value& value, const About<Value>& about,
              const std::string& bounds) {
  if constexpr (Bounded<Value>) {
    if (!within(node, at, value, about, bounds)) return false;
  }
  const std::string complaint = about.complaint == nullptr ? std::string() : about.complaint(value);
  return complaint.empty() || at.error(node, node.shown() + ' ' + complaint);
}

}  // namespace schema_builder

template <typename T>
template <typename About>
OptionInfo Schema<T>::info_of(std::string_view name, std::string type, const About& about, std::string default_value) {
  return {.name = std::string(name),
          .type = std::move(type),
          .default_value = about.required          ? std::string()
                           : default_value.empty() ? std::string(about.default_value)
                                                   : std::move(default_value),
          .bounds = {},
          .doc = std::string(about.doc),
          .example = std::string(about.example),
          .required = about.required,
          .nested = nullptr,
          .words = {}};
}

template <typename T>
template <typename M>
Schema<T>&& Schema<T>::option(std::string_view name, M T::* member, std::type_identity_t<About<M>> about) && {
  OptionInfo info = info_of(name, OptionType<M>::name(), about, OptionType<M>::shown(T{}.*member));
  info.nested = schema_builder::nested_of<M>();
  if constexpr (Bounded<M>) {
    const auto shown = +[](M value) { return OptionType<M>::shown(value); };
    info.bounds = schema_builder::bounds_text<M>(about.minimum, about.maximum, shown);
  }
  add(info, [member, about, bounds = info.bounds](const Node& node, const Reading& at, void* object) {
    M value = static_cast<T*>(object)->*member;  // a nested struct keeps what is not written
    if (!OptionType<M>::read(node, at, value)) return false;
    if (!schema_builder::accepted(node, at, value, about, bounds)) return false;
    static_cast<T*>(object)->*member = std::move(value);
    return true;
  });
  return std::move(*this);
}

template <typename T>
Schema<T>&& Schema<T>::bytes(std::string_view name, ByteCount T::* member, About<ByteCount> about) && {
  OptionInfo info = info_of(name, "size", about, option::shown_bytes(T{}.*member));
  info.bounds = schema_builder::bounds_text<ByteCount>(about.minimum, about.maximum, &option::shown_bytes);
  add(info, [member, about, bounds = info.bounds](const Node& node, const Reading& at, void* object) {
    ByteCount value{};
    if (!option::read_bytes(node, at, value)) return false;
    if (!schema_builder::accepted(node, at, value, about, bounds)) return false;
    static_cast<T*>(object)->*member = value;
    return true;
  });
  return std::move(*this);
}

template <typename T>
template <typename M>
Schema<T>&& Schema<T>::choice(std::string_view name, M T::* member,
                              std::initializer_list<std::pair<std::string_view, std::type_identity_t<M>>> words,
                              About<NoBound> about) && {
  std::vector<std::string_view> names;
  std::vector<M> values;
  std::string type;
  std::string default_value;
  for (const auto& [word, value] : words) {
    type += (type.empty() ? "" : names.size() + 1 == words.size() ? " or " : ", ") + std::string(word);
    if (value == T{}.*member) default_value = word;
    names.push_back(word);
    values.push_back(value);
  }
  OptionInfo info = info_of(name, std::move(type), about, std::move(default_value));
  info.words.assign(names.begin(), names.end());
  add(std::move(info), [member, names = std::move(names), values = std::move(values)](const Node& node,
                                                                                      const Reading& at, void* object) {
    std::size_t index = 0;
    if (!option::read_word(node, at, names, index)) return false;
    static_cast<T*>(object)->*member = values[index];
    return true;
  });
  return std::move(*this);
}

template <typename T>
template <typename M>
Schema<T>&& Schema<T>::nested(std::string_view name, M T::* member, const Schema<M>& nested, About<NoBound> about) && {
  OptionInfo info = info_of(name, "map", about, {});
  info.nested = &nested;
  add(std::move(info), [member, &nested](const Node& node, const Reading& at, void* object) {
    return nested.read_into(node, at, static_cast<T*>(object)->*member);
  });
  return std::move(*this);
}

template <typename T>
Schema<T>&& Schema<T>::custom(std::string_view name, std::string_view type,
                              std::function<bool(const Node&, const Reading&, T&)> read, About<NoBound> about,
                              const SchemaBase* nested) && {
  OptionInfo info = info_of(name, std::string(type), about, {});
  info.nested = nested;
  add(std::move(info), typed(std::move(read)));
  return std::move(*this);
}

template <typename T>
Schema<T>&& Schema<T>::shorthand(std::string_view option_name) && {
  // The path of an error stays what was written: `body_limit`, not `body_limit.bytes`.
  shorthand_ = reader_of(option_name);
  shorthand_option_ = option_name;
  return std::move(*this);
}

template <typename T>
Schema<T>&& Schema<T>::shorthand(std::function<bool(const Node&, const Reading&, T&)> read) && {
  shorthand_ = typed(std::move(read));
  return std::move(*this);
}

template <typename T>
Schema<T>&& Schema<T>::rest(std::function<bool(const Node::Member&, const Reading&, T&)> read) && {
  rest_ = [read = std::move(read)](const Node::Member& member, const Reading& at, void* object) {
    return read(member, at, *static_cast<T*>(object));
  };
  return std::move(*this);
}

template <typename T>
Schema<T>&& Schema<T>::check(std::function<bool(const Node&, const Reading&, T&)> rule) && {
  checks_.push_back(typed(std::move(rule)));
  return std::move(*this);
}

}  // namespace weir
