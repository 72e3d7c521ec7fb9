// Where in a document a template has come to: fed with what stands there literally, asked at each place for a value.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "services/respond/template.h"

namespace weir {

/// Follows HTML as a browser's tokenizer does, as far as values are concerned (WHATWG HTML, section 13.2.5).
class HtmlContext {
 public:
  void feed(std::string_view literal);
  /// How a value is escaped here, or why there may be none.
  [[nodiscard]] std::expected<Escape, std::string> here() const;

 private:
  enum class State : std::uint8_t {
    text,
    tag_open,  // behind '<'
    tag_name,
    between,  // in a tag, no attribute begun
    attribute_name,
    before_value,  // behind '='
    quoted_value,
    unquoted_value,
    declaration,  // <! ... > and <? ... >
    comment,
    raw_text,  // of an element whose content is no markup
  };

  void step(char c);
  void open_tag(char c);
  void go_on_with_name(char c);
  void begin_attribute(char c);
  void go_on_with_attribute(char c);
  void begin_value(char c);
  void go_on_with_raw_text();
  void end_tag();

  State state_ = State::text;
  std::string name_;       // of the tag, lower case; begins with '/' for an end tag
  std::string attribute_;  // lower case
  std::string raw_;        // the element whose raw text this is
  std::string recent_;     // the last characters, where an end has to be seen
  char quote_ = '"';
  bool lost_ = false;  // in a script that hides an end tag: whether it is over is anybody's guess
};

/// Knows whether it stands in a string.
class JsonContext {
 public:
  void feed(std::string_view literal);
  [[nodiscard]] std::expected<Escape, std::string> here() const;

 private:
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace weir
