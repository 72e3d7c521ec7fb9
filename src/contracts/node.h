// A configuration as a tree of values that know where they were written.
//
// Problem: whoever finds a mistake (a schema, a router, a filter) must be able to say "shop.yaml:14:7", long after
// the YAML library is gone; and a reload of 100,000 routes must not copy what did not change.
// Idea: an immutable tree behind one counted pointer per node. Copying a Node shares it; an unchanged file keeps its
// very nodes over reloads, so that identity (same()) means "nothing changed here".
//
// Invariants
//   (1) A node never changes after it was made.
//   (2) A map holds each name once, in the order of the file.
//   (3) What came out of ${env:...} or ${file:...} is secret: shown() gives the text as written, never the value.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir {

/// A position in a configuration file, for people. Trivially copyable and valid for ever: decision records carry it.
struct Place {
  const std::string* file_name = nullptr;  ///< from intern_file_name(); null when nobody wrote the value (a default)
  std::uint32_t line = 0;                  ///< from 1; 0 with a file name means the file as a whole
  std::uint32_t column = 0;                ///< from 1

  [[nodiscard]] std::string_view file() const { return file_name == nullptr ? std::string_view() : *file_name; }
  [[nodiscard]] bool known() const { return file_name != nullptr; }
  /// `weir.yaml:14:7`; without line `weir.yaml`; `(default)` when not known.
  [[nodiscard]] std::string text() const;
  friend bool operator==(const Place&, const Place&) = default;
};

/// The one copy of a file's name. Names are few and never given back, so that a Place outlives every configuration.
const std::string* intern_file_name(std::string_view name);

class Node {
 public:
  enum class Kind : std::uint8_t { null, scalar, list, map };
  struct Member;

  /// Nothing, written nowhere: the options of a filter that is only named.
  Node() = default;

  static Node null(Place place);
  /// \param quoted  written in quotes or as a block: then `"true"` is a text and not a boolean
  static Node scalar(Place place, std::string text, bool quoted = false);
  /// A scalar whose value must not be printed. \param written  what may be: `${env:TOKEN}`
  static Node secret(Place place, std::string text, std::string written);
  static Node list(Place place, std::vector<Node> items);
  /// Names must differ; the reader has seen to it.
  static Node map(Place place, std::vector<Member> members);

  [[nodiscard]] Kind kind() const { return data_ ? data_->kind : Kind::null; }
  [[nodiscard]] bool is_null() const { return kind() == Kind::null; }
  [[nodiscard]] bool is_scalar() const { return kind() == Kind::scalar; }
  [[nodiscard]] bool is_list() const { return kind() == Kind::list; }
  [[nodiscard]] bool is_map() const { return kind() == Kind::map; }
  [[nodiscard]] Place place() const { return data_ ? data_->place : Place{}; }

  /// The text of a scalar; empty for all else.
  [[nodiscard]] const std::string& text() const;
  /// What a message may print: the text in quotes, the written form of a secret, or "a list", "a map", "nothing".
  [[nodiscard]] std::string shown() const;
  [[nodiscard]] bool quoted() const { return data_ && data_->quoted; }
  [[nodiscard]] bool is_secret() const;

  /// The members of a list or map, in the order of the file; empty for all else.
  [[nodiscard]] std::span<const Node> items() const;
  [[nodiscard]] std::span<const Member> members() const;
  /// The value of a map's member, or null.
  [[nodiscard]] const Node* find(std::string_view name) const;
  [[nodiscard]] const Member* find_member(std::string_view name) const;

  /// Whether both are the very same node: constant time, and never true by accident.
  [[nodiscard]] bool same(const Node& other) const { return data_ == other.data_; }

 private:
  struct Secret {
    std::string text;
    std::string written;
  };
  struct Data {
    Place place;
    Kind kind = Kind::null;
    bool quoted = false;
    std::variant<std::monostate, std::string, Secret, std::vector<Node>, std::vector<Member>> value;
  };
  explicit Node(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  static Node make(Data data);

  std::shared_ptr<const Data> data_;
};

/// One `name: value` of a map. `place` is where the name stands; the value knows its own.
struct Node::Member {
  std::string name;
  Place place;
  Node value;
};

}  // namespace weir
