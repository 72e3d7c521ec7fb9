// Two small machines that read along.
#include "services/respond/template_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace weir {
namespace {

/// Elements whose content a browser takes as it is. In title and textarea entities are still resolved.
constexpr std::array<std::string_view, 8> raw_elements{"iframe",    "noembed", "noframes", "noscript",
                                                       "plaintext", "script",  "style",    "xmp"};
constexpr std::array<std::string_view, 2> text_elements{"textarea", "title"};

/// Attributes whose value is text and nothing else: no URL, no script, no style, no name that scripts look for.
constexpr std::array<std::string_view, 8> text_attributes{"alt",     "label", "lang",  "placeholder",
                                                          "summary", "title", "value", "abbr"};

bool holds_text(std::string_view attribute) {
  return std::ranges::find(text_attributes, attribute) != text_attributes.end() || attribute.starts_with("data-") ||
         attribute.starts_with("aria-");
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

bool contains(auto& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

}  // namespace

void HtmlContext::feed(std::string_view literal) {
  for (const char c : literal) step(text::lower(c));
}

void HtmlContext::step(char c) {
  recent_ += c;
  if (recent_.size() > 24) recent_.erase(0, recent_.size() - 24);
  switch (state_) {
    case State::text:
      if (c == '<') state_ = State::tag_open;
      return;
    case State::tag_open:
      return open_tag(c);
    case State::tag_name:
      return c == '>' ? end_tag() : go_on_with_name(c);
    case State::between:
      return c == '>' ? end_tag() : begin_attribute(c);
    case State::attribute_name:
      return c == '>' ? end_tag() : go_on_with_attribute(c);
    case State::before_value:
      return c == '>' ? end_tag() : begin_value(c);
    case State::quoted_value:
      if (c == quote_) state_ = State::between;
      return;
    case State::unquoted_value:
      if (c == '>') return end_tag();
      if (is_space(c)) state_ = State::between;
      return;
    case State::declaration:
      if (recent_.ends_with("<!--")) state_ = State::comment;
      if (c == '>') state_ = State::text;
      return;
    case State::comment:
      if (recent_.ends_with("-->") || recent_.ends_with("--!>")) state_ = State::text;
      return;
    case State::raw_text:
      return go_on_with_raw_text();
  }
}

void HtmlContext::open_tag(char c) {
  name_ = c;
  if (text::is_alpha(c) || c == '/') {
    state_ = State::tag_name;
  } else if (c == '!' || c == '?') {
    state_ = State::declaration;
  } else {
    state_ = c == '<' ? State::tag_open : State::text;
  }
}

void HtmlContext::go_on_with_name(char c) {
  // </scripts> does not end a script.
  if (!raw_.empty() && !is_space(c) && c != '/') {
    state_ = State::raw_text;
  } else if (is_space(c) || (c == '/' && name_ != "/")) {
    state_ = State::between;
  } else {
    name_ += c;
  }
}

void HtmlContext::begin_attribute(char c) {
  if (is_space(c) || c == '/') return;
  attribute_ = c;
  state_ = State::attribute_name;
}

void HtmlContext::go_on_with_attribute(char c) {
  if (c == '=') {
    state_ = State::before_value;
  } else if (c == '/') {
    state_ = State::between;
  } else if (is_space(c)) {
    // `name = "value"`: what follows is a value if it begins with '='.
    if (!attribute_.ends_with(' ')) attribute_ += ' ';
  } else if (attribute_.ends_with(' ')) {
    attribute_ = c;
  } else {
    attribute_ += c;
  }
}

void HtmlContext::begin_value(char c) {
  if (is_space(c)) return;
  while (attribute_.ends_with(' ')) attribute_.pop_back();
  quote_ = c;
  state_ = c == '"' || c == '\'' ? State::quoted_value : State::unquoted_value;
}

void HtmlContext::go_on_with_raw_text() {
  lost_ = lost_ || (raw_ == "script" && recent_.ends_with("<!--"));
  if (!recent_.ends_with("</" + raw_)) return;
  name_ = "/" + raw_;
  state_ = State::tag_name;
}

void HtmlContext::end_tag() {
  state_ = State::text;
  raw_.clear();
  if (!contains(raw_elements, name_) && !contains(text_elements, name_)) return;
  raw_ = name_;
  state_ = State::raw_text;
}

std::expected<Escape, std::string> HtmlContext::here() const {
  if (lost_) return std::unexpected<std::string>("behind a script with <!-- in it, whose end cannot be told");
  switch (state_) {
    case State::text:
      return Escape::html;
    case State::raw_text:
      if (contains(text_elements, raw_)) return Escape::html;
      return std::unexpected(fmt::format("within <{}>, where no escaping helps", raw_));
    case State::quoted_value:
      if (holds_text(attribute_)) return Escape::html;
      return std::unexpected(fmt::format(
          "in the attribute {}, whose value is more than text; allowed are title, alt, value, label, placeholder, "
          "data-* and aria-*",
          attribute_));
    case State::before_value:
    case State::unquoted_value:
      return std::unexpected<std::string>("in an attribute without quotes; put the value into quotes");
    case State::comment:
      return std::unexpected<std::string>("in a comment");
    case State::declaration:
      return std::unexpected<std::string>("in a declaration");
    default:
      return std::unexpected<std::string>("within a tag");
  }
}

void JsonContext::feed(std::string_view literal) {
  for (const char c : literal) {
    if (escaped_) {
      escaped_ = false;
    } else if (in_string_ && c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = !in_string_;
    }
  }
}

std::expected<Escape, std::string> JsonContext::here() const {
  if (escaped_) return std::unexpected<std::string>("behind a backslash");
  return in_string_ ? Escape::json_string : Escape::json_value;
}

}  // namespace weir
