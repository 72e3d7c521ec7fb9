// Reading a template, and filling it in.
#include "services/respond/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "http/characters.h"
#include "http/html.h"
#include "services/respond/template_context.h"

namespace weir {
namespace {

constexpr std::string_view opening = "{{";
constexpr std::string_view closing = "}}";
constexpr std::string_view literal_opening = "\"{{\"";
constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// Where text and fields are: anywhere.
class PlainContext {
 public:
  explicit PlainContext(Escape escape) : escape_(escape) {}
  void feed(std::string_view) {}
  [[nodiscard]] std::expected<Escape, std::string> here() const { return escape_; }

 private:
  Escape escape_;
};

/// One character of UTF-8 in front of `text`, 0 when it begins with none (RFC 3629: no surrogates, nothing overlong).
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t bytes = lead >= 0xC2 && lead <= 0xDF   ? 2
                            : (lead & 0xF0) == 0xE0        ? 3
                            : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                           : 0;
  if (bytes == 0 || text.size() < bytes) return 0;
  for (std::size_t at = 1; at < bytes; ++at) {
    if ((byte(at) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return bytes;
}

bool is_control_character(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return lead < 0x20 || lead == 0x7F;
  // U+0080 to U+009F, and the line and paragraph separators U+2028 and U+2029.
  return (character.size() == 2 && lead == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0) ||
         character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9";
}

/// Also what HTML would take for itself, should somebody put the JSON into a page.
void append_json(std::string& out, std::string_view character) {
  if (character == "\"" || character == "\\") {
    out += '\\';
    out += character;
  } else if (character == "<" || character == ">" || character == "&" || character == "'") {
    out += fmt::format("\\u{:04x}", static_cast<unsigned>(character[0]));
  } else {
    out += character;
  }
}

void append_field(std::string& out, std::string_view value) {
  for (const char c : value) {
    if ((characters::is_visible(c) || c == ' ') && c != '%') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

template <typename Context>
std::expected<Template, std::string> parse_with(std::string_view text, Context context, auto add_value, auto end) {
  std::string literal;
  while (true) {
    const std::size_t begin = text.find(opening);
    const std::string_view in_front = text.substr(0, begin);
    literal += in_front;
    context.feed(in_front);
    if (begin == std::string_view::npos) return end(std::move(literal));
    text.remove_prefix(begin + opening.size());
    // A literal pair of braces in quotes has the same two characters in it.
    const std::string_view inside_trimmed = text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
    if (inside_trimmed.starts_with(literal_opening)) {
      const std::string_view behind = inside_trimmed.substr(literal_opening.size());
      const std::string_view rest = behind.substr(std::min(behind.find_first_not_of(" \t"), behind.size()));
      if (!rest.starts_with(closing)) return std::unexpected<std::string>("{{ \"{{\" is not closed by }}");
      literal += opening;
      context.feed(opening);
      text = rest.substr(closing.size());
      continue;
    }
    const std::size_t finish = text.find(closing);
    if (finish == std::string_view::npos) return std::unexpected<std::string>("{{ is not closed by }}");
    const std::string_view inside = text::trim(text.substr(0, finish));
    auto selector = Selector::parse(inside);
    if (!selector) return std::unexpected(fmt::format("{{{{ {} }}}}: {}", inside, selector.error()));
    const auto escape = context.here();
    if (!escape) return std::unexpected(fmt::format("{{{{ {} }}}} stands {}", inside, escape.error()));
    add_value(std::exchange(literal, {}), std::move(*selector), *escape);
    text.remove_prefix(finish + closing.size());
  }
}

}  // namespace

std::optional<TemplateLanguage> language_of(std::string_view content_type) {
  const std::string type = text::to_lower(text::trim(content_type.substr(0, content_type.find(';'))));
  if (type == "text/html" || type == "application/xhtml+xml") return TemplateLanguage::html;
  if (type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"))) {
    return TemplateLanguage::json;
  }
  if (type == "text/plain") return TemplateLanguage::text;
  return {};
}

void append_escaped(std::string& out, std::string_view value, Escape escape) {
  if (escape == Escape::field) return append_field(out, value);
  if (escape == Escape::json_value) out += '"';
  while (!value.empty()) {
    const std::size_t bytes = character_bytes(value);
    const std::string_view character = bytes == 0 ? replacement : value.substr(0, bytes);
    value.remove_prefix(std::max(bytes, std::size_t{1}));
    if (is_control_character(character)) {
      out += replacement;
    } else if (escape == Escape::html) {
      append_html(out, character);
    } else if (escape == Escape::text) {
      out += character;
    } else {
      append_json(out, character);
    }
  }
  if (escape == Escape::json_value) out += '"';
}

std::expected<Template, std::string> Template::parse(std::string_view text, TemplateLanguage language) {
  Template made;
  const auto add_value = [&](std::string in_front, Selector selector, Escape escape) {
    made.pieces_.push_back(
        {.text = std::move(in_front), .selector = std::move(selector), .escape = escape, .has_value = true});
    ++made.values_;
  };
  const auto end = [&](std::string rest) {
    made.pieces_.push_back({.text = std::move(rest), .selector = {}});
    return std::move(made);
  };
  switch (language) {
    case TemplateLanguage::html:
      return parse_with(text, HtmlContext(), add_value, end);
    case TemplateLanguage::json:
      return parse_with(text, JsonContext(), add_value, end);
    case TemplateLanguage::field:
      return parse_with(text, PlainContext(Escape::field), add_value, end);
    case TemplateLanguage::text:
      break;
  }
  return parse_with(text, PlainContext(Escape::text), add_value, end);
}

Result<std::string_view> Template::render(const SelectorFacts& facts, Arena& arena) const {
  std::string whole;
  for (const Piece& piece : pieces_) {
    whole += piece.text;
    if (piece.has_value) append_escaped(whole, piece.selector.value(facts, arena), piece.escape);
    if (whole.size() > limits::rendered_bytes) {
      return fail(gateway_error(Code::internal, "what a template makes of the request is longer than it may be"));
    }
  }
  return arena.copy(whole);
}

}  // namespace weir
