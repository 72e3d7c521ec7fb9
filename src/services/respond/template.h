// Text with places for values of the request, which can never become anything but text.
//
// Problem: `Hello {{ query: name }}` is a hole in every site that serves it, unless somebody remembers to escape, and
// escapes for the very spot: between tags, in an attribute, in a JSON string.
// Idea: the template is read once, when the configuration is: each place learns from what stands in front of it where
// it is, and so how its value is escaped. Places where no escaping helps (scripts, styles, URLs, event handlers,
// unquoted attributes) are errors of the configuration. There is no way to leave escaping out.
//
//   {{ client_address }}   {{ header: x-user }}   any selector (contracts/selector.h);   {{ "{{" }} for two braces
//
// Invariants
//   (1) What a value adds to HTML holds none of < > & " ' as such; to a JSON string, no quote, backslash or control
//       character as such; to plain text, no control character; to a field, only visible ASCII and spaces.
//   (2) What is added is UTF-8, whatever the value was.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "contracts/selector.h"

namespace weir {

/// The language a template is written in.
enum class TemplateLanguage : std::uint8_t { text, html, json, field };
/// By the media type of a content-type; nothing for those in which nobody has said how to escape.
std::optional<TemplateLanguage> language_of(std::string_view content_type);

/// How a value is escaped where it stands.
enum class Escape : std::uint8_t { text, html, json_string, json_value, field };
void append_escaped(std::string& out, std::string_view value, Escape escape);

class Template {
 public:
  Template() = default;

  /// \returns  or a sentence for a person, with the place it is about in it
  static std::expected<Template, std::string> parse(std::string_view text, TemplateLanguage language);

  [[nodiscard]] bool has_values() const { return values_ > 0; }
  /// \errors  internal  the result would be longer than limits::rendered_bytes
  [[nodiscard]] Result<std::string_view> render(const SelectorFacts& facts, Arena& arena) const;

 private:
  struct Piece {
    std::string text;  ///< in front of the value
    Selector selector;
    Escape escape = Escape::text;
    bool has_value = false;  ///< false only for the last one
  };

  std::vector<Piece> pieces_;
  std::size_t values_ = 0;
};

}  // namespace weir
