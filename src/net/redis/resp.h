// What Redis answers: RESP2 and RESP3, read strictly and piece by piece.
//
// Problem: answers come cut anywhere, several in one piece, and a length that lies must cost neither memory nor time.
// Idea: one pass over the bytes that remembers where it stopped: complete elements become nodes of a tree in the order
// in which they stand (each knows where its subtree ends), and an element that is cut is looked at again when more is
// there. A whole answer is then copied out once, texts and nodes, and belongs to whoever asked.
//
// Invariants
//   (1) Nothing is reserved by what a length or a count says; only what has arrived takes memory.
//   (2) However the bytes are cut, the answers are the same.
//
// Source: https://redis.io/docs/reference/protocol-spec (RESP 2 and 3). Streamed types, which no Redis sends, are
// errors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::redis {

enum class Kind : std::uint8_t {
  text,       ///< simple, bulk and verbatim strings, big numbers
  error,      ///< simple and bulk errors
  integer,    ///< integers, and booleans as 0 and 1
  real,       ///< doubles; text() is how it was written
  null,       ///< RESP3's, and the -1 lengths of RESP2
  list,       ///< arrays and sets
  map,        ///< keys and values in turn
  push,       ///< out of band: answers nothing that was asked
  attribute,  ///< about the value behind it; passed over when reading
};

struct ReplyNode {
  Kind kind = Kind::null;
  std::uint32_t end = 0;    ///< index of the node behind this one and all that is in it
  std::uint32_t count = 0;  ///< elements of lists and maps (a map's keys and values are two)
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::int64_t integer = 0;
  friend bool operator==(const ReplyNode&, const ReplyNode&) = default;
};

/// One element of an answer: a view, valid as long as its Reply.
class Value {
 public:
  Value(const std::string& bytes, const std::vector<ReplyNode>& nodes, std::uint32_t at)
      : bytes_(&bytes), nodes_(&nodes), at_(at) {}

  [[nodiscard]] Kind kind() const { return node().kind; }
  /// Of texts, errors and reals; empty for all else.
  [[nodiscard]] std::string_view text() const { return std::string_view(*bytes_).substr(node().offset, node().length); }
  [[nodiscard]] std::int64_t integer() const { return node().integer; }
  [[nodiscard]] bool is_error() const { return kind() == Kind::error; }
  /// Whether it is an error whose first word is `code`: MOVED, NOSCRIPT.
  [[nodiscard]] bool is_error(std::string_view code) const;
  [[nodiscard]] bool is_list() const { return kind() == Kind::list; }
  [[nodiscard]] std::size_t size() const { return node().count; }
  /// The element `index` of a list or map; nothing when there are fewer.
  [[nodiscard]] std::optional<Value> at(std::size_t index) const;
  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::uint32_t child = at_ + 1; child < node().end; child = (*nodes_)[child].end) {
      if ((*nodes_)[child].kind != Kind::attribute) visit(Value(*bytes_, *nodes_, child));
    }
  }

 private:
  [[nodiscard]] const ReplyNode& node() const { return (*nodes_)[at_]; }

  const std::string* bytes_;
  const std::vector<ReplyNode>* nodes_;
  std::uint32_t at_;
};

/// A whole answer, owned.
class Reply {
 public:
  Reply() : nodes_{{.kind = Kind::null, .end = 1}} {}
  [[nodiscard]] Value value() const { return {bytes_, nodes_, root_}; }
  friend bool operator==(const Reply&, const Reply&) = default;

 private:
  friend class Reader;
  std::string bytes_;
  std::vector<ReplyNode> nodes_;
  std::uint32_t root_ = 0;  // behind the attributes of the whole
};

class Reader {
 public:
  /// \param bytes_max  of one answer
  explicit Reader(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// \param unread  all that has come since the last whole answer: the same as before, and more
  /// \returns  the bytes of the answer when it is whole, which the caller then takes away; 0 when more is needed
  /// \errors   unexpected_bytes (origin upstream) for what is no RESP, body_too_large; the reader is of no use then
  Result<std::size_t> read(std::string_view unread);
  /// The answer that read() found whole. Called once for each.
  Reply take() { return std::move(reply_); }

 private:
  struct Open {
    std::uint32_t node;
    std::uint32_t left;  // elements that are missing
  };

  Result<bool> read_element(std::string_view unread);
  Result<bool> read_blob(std::string_view unread, Kind kind, std::string_view line, std::size_t begin);
  Result<bool> read_aggregate(Kind kind, std::string_view line, unsigned elements_each);
  void add(ReplyNode node);
  void close_whole();
  [[nodiscard]] bool whole() const;

  const std::size_t bytes_max_;
  std::size_t at_ = 0;  // up to here all elements are nodes
  std::vector<ReplyNode> nodes_;
  std::vector<Open> open_;
  std::uint32_t outermost_ = 0;  // the last node that stands in no other
  Reply reply_;
};

/// Appends a command as an array of bulk strings.
class CommandWriter {
 public:
  CommandWriter(std::string& out, std::size_t words) : out_(out) { head('*', words); }
  CommandWriter& word(std::string_view text);
  CommandWriter& number(std::int64_t number);

 private:
  void head(char type, std::size_t count);
  std::string& out_;
};
/// A command of these words.
std::string command(std::initializer_list<std::string_view> words);

}  // namespace weir::redis
