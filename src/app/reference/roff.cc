// Escaping, and the little there is of layout.
#include "app/reference/roff.h"

#include <fmt/format.h>

#include "base/text.h"

namespace weir::reference::roff {

std::string text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '"')
      out += "\\(dq";
    else if (c == '\'')
      out += "\\(aq";
    else
      out += c;
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

std::string argument(std::string_view written) {
  return fmt::format("\"{}\"", text(written));
}

std::string sentence(std::string_view text) {
  std::string out(text);
  const bool is_word = !out.empty() && out.find(' ') != std::string::npos;
  if (is_word && !out.substr(0, out.find(' ')).ends_with(':') && out.front() >= 'a' && out.front() <= 'z')
    out.front() = static_cast<char>(out.front() - 'a' + 'A');
  if (!out.empty() && out.back() != '.' && out.back() != '?') out += '.';
  return out;
}

// A sentence begins a line (mdoc sets the space behind it), and a line is no longer than a screen is wide.
std::string paragraph(std::string_view running) {
  constexpr std::size_t width = 78;
  std::string out;
  std::string line;
  const auto end_line = [&] {
    if (!line.empty()) out += text(line) + '\n';
    line.clear();
  };
  for (const std::string_view word : text::split(running, ' ')) {
    if (word.empty()) continue;
    if (!line.empty() && line.size() + word.size() >= width) end_line();
    line += (line.empty() ? "" : " ") + std::string(word);
    if (word.ends_with('.')) end_line();
  }
  end_line();
  return out;
}

std::string literal_paragraphs(std::string_view whole) {
  std::string out;
  std::string running;
  bool literal = false;
  const auto end_running = [&] {
    out += paragraph(running);
    running.clear();
  };
  for (const std::string_view line : text::split(whole, '\n')) {
    const bool indented = line.starts_with("  ");
    if (indented && !literal) {
      end_running();
      out += ".Bd -literal -offset indent\n";
    }
    if (!indented && literal) out += ".Ed\n";
    literal = indented;
    if (indented) {
      out += text(line.substr(2)) + '\n';
    } else if (line.empty()) {
      end_running();
    } else {
      running += std::string(line) + ' ';
    }
  }
  end_running();
  if (literal) out += ".Ed\n";
  return out;
}

}  // namespace weir::reference::roff
