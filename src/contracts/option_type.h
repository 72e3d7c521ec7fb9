// How a value of a configuration becomes a value of C++: one reader per type.
//
// Problem: thirty plug-ins read durations, sizes and addresses; each with its own parser would have its own mistakes.
// Idea: OptionType<T> says for a type what it is called, how it is read from a Node, and how a default is shown. A
// reader never stops at the first error, and its messages say what to write instead. Adding a type is a specialisation.
//
// Units stand in the value and are never guessed: 30s, 10MiB, 100/s. `none` is the word for no limit.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/units.h"
#include "contracts/diagnostics.h"
#include "contracts/node.h"
#include "net/address.h"

namespace weir {

class SchemaBase;

/// So many per so long: `100/s`.
struct Rate {
  std::uint64_t count = 0;
  Duration per = std::chrono::seconds{1};
  friend bool operator==(const Rate&, const Rate&) = default;
};

/// Specialise with: `static std::string name()`, for people; `static bool read(const Node&, const Reading&, T&)`, which
/// adds its errors and returns false when there were any; `static std::string shown(const T&)`, as one would write it.
template <typename T>
struct OptionType;

namespace option {

// The readers behind the specialisations. Each returns false after it has added an error; `out` is then unchanged.
bool read_text(const Node& node, const Reading& reading, std::string& out);
bool read_boolean(const Node& node, const Reading& reading, bool& out);
bool read_unsigned(const Node& node, const Reading& reading, std::uint64_t maximum, std::uint64_t& out);
bool read_signed(const Node& node, const Reading& reading, std::int64_t& out);
/// `30s`, `500ms`, `10m`, `1h`, `7d`, `50us`; `none` is no_limit.
bool read_duration(const Node& node, const Reading& reading, Duration& out);
/// `256B`, `8KiB`, `10MiB`, `1GiB`; `none` is unbounded.
bool read_bytes(const Node& node, const Reading& reading, ByteCount& out);
/// `100/s`, `5/m`, `1000/h`.
bool read_rate(const Node& node, const Reading& reading, Rate& out);
bool read_address(const Node& node, const Reading& reading, IpAddress& out);
bool read_block(const Node& node, const Reading& reading, Cidr& out);
bool read_endpoint(const Node& node, const Reading& reading, Endpoint& out);
/// The index of the word in `words`; an error with "did you mean" when it is none of them.
bool read_word(const Node& node, const Reading& reading, const std::vector<std::string_view>& words, std::size_t& out);
/// Whether the node is a scalar; if not, says that `wanted` ("a duration such as 30s") was.
bool want_scalar(const Node& node, const Reading& reading, std::string_view wanted);
bool want_map(const Node& node, const Reading& reading, std::string_view wanted);

std::string shown(Duration value);
std::string shown_bytes(ByteCount value);
std::string shown(const Rate& value);

}  // namespace option

template <>
struct OptionType<std::string> {
  static std::string name() { return "text"; }
  static bool read(const Node& node, const Reading& at, std::string& out) { return option::read_text(node, at, out); }
  static std::string shown(const std::string& value) { return value.empty() ? "\"\"" : value; }
};

/// Only true and false: `no`, `yes`, `on` are texts elsewhere, so here they are errors that say what to write.
template <>
struct OptionType<bool> {
  static std::string name() { return "true or false"; }
  static bool read(const Node& node, const Reading& at, bool& out) { return option::read_boolean(node, at, out); }
  static std::string shown(bool value) { return value ? "true" : "false"; }
};

template <typename T>
  requires std::is_integral_v<T>
struct OptionType<T> {
  static std::string name() { return "number"; }
  static bool read(const Node& node, const Reading& at, T& out) {
    if constexpr (std::is_signed_v<T>) {
      std::int64_t wide = 0;
      if (!option::read_signed(node, at, wide)) return false;
      if (!std::in_range<T>(wide)) return at.error(node, node.shown() + " is too large a number");
      out = static_cast<T>(wide);
    } else {
      std::uint64_t wide = 0;
      if (!option::read_unsigned(node, at, std::numeric_limits<T>::max(), wide)) return false;
      out = static_cast<T>(wide);
    }
    return true;
  }
  static std::string shown(T value) { return std::to_string(value); }
};

template <>
struct OptionType<Duration> {
  static std::string name() { return "duration"; }
  static bool read(const Node& node, const Reading& at, Duration& out) { return option::read_duration(node, at, out); }
  static std::string shown(Duration value) { return option::shown(value); }
};

template <>
struct OptionType<Rate> {
  static std::string name() { return "rate"; }
  static bool read(const Node& node, const Reading& at, Rate& out) { return option::read_rate(node, at, out); }
  static std::string shown(const Rate& value) { return option::shown(value); }
};

template <>
struct OptionType<IpAddress> {
  static std::string name() { return "IP address"; }
  static bool read(const Node& node, const Reading& at, IpAddress& out) { return option::read_address(node, at, out); }
  static std::string shown(const IpAddress& value) { return value.text(); }
};

template <>
struct OptionType<Cidr> {
  static std::string name() { return "block of addresses"; }
  static bool read(const Node& node, const Reading& at, Cidr& out) { return option::read_block(node, at, out); }
  static std::string shown(const Cidr& value) { return value.text(); }
};

template <>
struct OptionType<Endpoint> {
  static std::string name() { return "address"; }
  static bool read(const Node& node, const Reading& at, Endpoint& out) { return option::read_endpoint(node, at, out); }
  static std::string shown(const Endpoint& value) { return value.text(); }
};

/// The node as it is, for what is read later by somebody else (a plug-in's options).
template <>
struct OptionType<Node> {
  static std::string name() { return "anything"; }
  static bool read(const Node& node, const Reading&, Node& out) {
    out = node;
    return true;
  }
  static std::string shown(const Node& value) { return value.is_null() ? "" : value.shown(); }
};

/// A value or the word `none`.
template <typename T>
struct OptionType<std::optional<T>> {
  static std::string name() { return OptionType<T>::name() + " or none"; }
  static bool read(const Node& node, const Reading& at, std::optional<T>& out) {
    if (node.is_scalar() && !node.quoted() && node.text() == "none") {
      out.reset();
      return true;
    }
    T value{};
    if (!OptionType<T>::read(node, at, value)) return false;
    out = std::move(value);
    return true;
  }
  static std::string shown(const std::optional<T>& value) { return value ? OptionType<T>::shown(*value) : "none"; }
};

/// A time that overrides another when it is given; here `none` is no_limit, and absence is absence.
template <>
struct OptionType<std::optional<Duration>> {
  static std::string name() { return "duration"; }
  static bool read(const Node& node, const Reading& at, std::optional<Duration>& out) {
    Duration value{};
    if (!option::read_duration(node, at, value)) return false;
    out = value;
    return true;
  }
  static std::string shown(const std::optional<Duration>& value) { return value ? option::shown(*value) : ""; }
};

/// A list; what is no list stands for a list of one.
template <typename T>
struct OptionType<std::vector<T>> {
  static std::string name() { return "list of " + OptionType<T>::name(); }
  static bool read(const Node& node, const Reading& at, std::vector<T>& out) {
    std::vector<T> values;
    bool good = true;
    if (node.is_list()) {
      values.reserve(node.items().size());
      for (std::size_t index = 0; const Node& item : node.items()) {
        good = OptionType<T>::read(item, at.item(index++), values.emplace_back()) && good;
      }
    } else if (!node.is_null()) {
      good = OptionType<T>::read(node, at, values.emplace_back());
    }
    if (good) out = std::move(values);
    return good;
  }
  static std::string shown(const std::vector<T>& values) {
    std::string text = "[";
    for (const T& value : values) text += (text.size() > 1 ? ", " : "") + OptionType<T>::shown(value);
    return text + "]";
  }
};

/// A map from names to values, in the order of the file.
template <typename T>
struct OptionType<std::vector<std::pair<std::string, T>>> {
  static std::string name() { return "map of " + OptionType<T>::name(); }
  static bool read(const Node& node, const Reading& at, std::vector<std::pair<std::string, T>>& out) {
    if (!option::want_map(node, at, name())) return false;
    std::vector<std::pair<std::string, T>> values;
    bool good = true;
    for (const Node::Member& member : node.members()) {
      T value{};
      good = OptionType<T>::read(member.value, at.member(member.name), value) && good;
      values.emplace_back(member.name, std::move(value));
    }
    if (good) out = std::move(values);
    return good;
  }
  static std::string shown(const std::vector<std::pair<std::string, T>>& values) {
    std::string text = "{";
    for (const auto& [name, value] : values) {
      text += (text.size() > 1 ? ", " : "") + name + ": " + OptionType<T>::shown(value);
    }
    return text + "}";
  }
};

}  // namespace weir
