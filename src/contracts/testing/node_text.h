// Options for tests, written as in a configuration: `node("{ allow: [10.0.0.0/8], deny: [\"::1\"] }")`.
//
// Only YAML's flow style and single scalars, since the YAML library stands floors above; places are right, so that
// tests can ask which line a message names. What does not parse is a mistake of the test: a failed invariant.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/invariant.h"
#include "base/text.h"
#include "contracts/node.h"

namespace weir {

class NodeText {
 public:
  explicit NodeText(std::string_view text) : text_(text) {}

  Node read_whole() {
    skip_space();
    if (at_end()) return {};
    const bool is_plain = !std::string_view("{[\"'").contains(text_[at_]);
    Node node = is_plain ? Node::scalar(place(), std::string(text::trim(text_.substr(at_)))) : read_value();
    return node;
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] Place place() const {
    return {.file_name = intern_file_name("test.yaml"),
            .line = line_,
            .column = static_cast<std::uint32_t>(at_ - line_begin_ + 1)};
  }

  void skip_space() {
    for (; !at_end() && (text_[at_] == ' ' || text_[at_] == '\n'); ++at_) {
      if (text_[at_] != '\n') continue;
      ++line_;
      line_begin_ = at_ + 1;
    }
  }
  bool take(char wanted) {
    skip_space();
    if (at_end() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  Node read_value() {
    skip_space();
    const Place begin = place();
    if (take('{')) return Node::map(begin, read_members());
    if (take('[')) return Node::list(begin, read_items());
    const bool quoted = !at_end() && (text_[at_] == '"' || text_[at_] == '\'');
    std::string value = read_scalar();
    return !quoted && value.empty() ? Node::null(begin) : Node::scalar(begin, std::move(value), quoted);
  }

  std::vector<Node::Member> read_members() {
    std::vector<Node::Member> members;
    while (!take('}')) {
      skip_space();
      const Place begin = place();
      std::string name = read_scalar();
      invariant(take(':'), "a name in a test's options is followed by a colon");
      members.push_back({.name = std::move(name), .place = begin, .value = read_value()});
      if (!take(',')) {
        invariant(take('}'), "a map in a test's options ends");
        break;
      }
    }
    return members;
  }

  std::vector<Node> read_items() {
    std::vector<Node> items;
    while (!take(']')) {
      items.push_back(read_value());
      if (!take(',')) {
        invariant(take(']'), "a list in a test's options ends");
        break;
      }
    }
    return items;
  }

  std::string read_scalar() {
    if (at_end()) return {};
    if (text_[at_] == '"' || text_[at_] == '\'') return read_quoted(text_[at_++]);
    const std::size_t begin = at_;
    const auto ends = [&] {
      const char c = text_[at_];
      const bool colon = c == ':' && (at_ + 1 == text_.size() || text_[at_ + 1] == ' ');
      return colon || std::string_view(",[]{}\n").contains(c);
    };
    while (!at_end() && !ends()) ++at_;
    return std::string(text::trim(text_.substr(begin, at_ - begin)));
  }

  std::string read_quoted(char quote) {
    std::string value;
    while (true) {
      invariant(!at_end(), "a quoted text in a test's options ends");
      char c = text_[at_++];
      if (c == quote) return value;
      if (c == '\\' && quote == '"') {
        invariant(!at_end(), "an escape in a test's options is whole");
        c = text_[at_++];
        c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c == '0' ? '\0' : c;
      }
      value += c;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::size_t line_begin_ = 0;
};

inline Node node(std::string_view text) {
  return NodeText(text).read_whole();
}

}  // namespace weir
